"""Named points at which a test may stop the program; they do nothing unless SATCHEL_FAILPOINTS is set.

`SATCHEL_FAILPOINTS="delivery.after_create=kill,push.after_commit=sleep:2"`. Actions: `kill` (SIGKILL
to this process, as a power cut would), `raise`, `sleep:<seconds>`. `kill@3` acts on the third hit.
"""

import os
import signal
import time
from collections import Counter

_hits: Counter[str] = Counter()


class FailpointRaised(RuntimeError):
    """What `raise` raises."""


def failpoint(name: str) -> None:
    """Do what SATCHEL_FAILPOINTS says for *name*."""
    plan = os.environ.get("SATCHEL_FAILPOINTS")
    if not plan:
        return
    for entry in plan.split(","):
        point, _, action = entry.partition("=")
        if point.strip() != name:
            continue
        action, _, nth = action.strip().partition("@")
        _hits[name] += 1
        if not nth or _hits[name] == int(nth):
            _act(name, action)


def _act(name: str, action: str) -> None:
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif action == "raise":
        raise FailpointRaised(name)
    elif action.startswith("sleep:"):
        time.sleep(float(action.removeprefix("sleep:")))
    else:
        raise ValueError(
            f"SATCHEL_FAILPOINTS: {name}: no action {action!r}; use kill, raise or sleep:<seconds>"
        )
