"""Named points at which a test may stop the device; they do nothing unless SATCHEL_DEVICE_FAILPOINTS is set.

`SATCHEL_DEVICE_FAILPOINTS="apply.before_commit=kill"`. Actions: `kill` (SIGKILL to this process, as an
empty battery would) and `raise`. `kill@3` acts on the third hit.
"""

import os
import signal
from collections import Counter

_hits: Counter[str] = Counter()


class FailpointRaised(RuntimeError):
    """What `raise` raises."""


def failpoint(name: str) -> None:
    """Do what SATCHEL_DEVICE_FAILPOINTS says for *name*."""
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
