"""Named points at which a test can stop the device. They do nothing unless SATCHEL_DEVICE_FAILPOINTS is set.

`SATCHEL_DEVICE_FAILPOINTS="apply.before_commit=kill"`. Actions: `kill` (SIGKILL to this process, like an
empty battery) and `raise`. `kill@3` acts on the third hit.

The backend has a module of its own for this: the wire must not import the backend.
"""

import os
import signal
from collections import Counter

_hits: Counter[str] = Counter()


class FailpointRaised(RuntimeError):
    """Raised by the action `raise`."""


def failpoint(name: str) -> None:
    """Do what SATCHEL_DEVICE_FAILPOINTS says for *name*: nothing, kill the process, or raise `FailpointRaised`.

    Raises ValueError for an unknown action.
    """
    plan = os.environ.get("SATCHEL_DEVICE_FAILPOINTS")
    if not plan:
        return
    for entry in plan.split(","):
        point, _, action = entry.partition("=")
        if point.strip() != name:
            continue
        action, _, nth = action.strip().partition("@")
        _hits[name] += 1
        if nth and _hits[name] != int(nth):
            continue
        if action == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif action == "raise":
            raise FailpointRaised(name)
        else:
            raise ValueError(f"SATCHEL_DEVICE_FAILPOINTS: {name}: no action {action!r}; use kill or raise")
