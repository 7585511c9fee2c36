"""Failpoints: named places at which a test can stop the program. Without SATCHEL_FAILPOINTS they do nothing.

`SATCHEL_FAILPOINTS="delivery.after_create=kill,push.after_commit=sleep:2"`. Actions: `kill` (SIGKILL
to this process, which simulates a power cut), `raise`, `sleep:<seconds>`. `kill@3` acts at the third hit only.
"""

import os
import signal
import time
from collections import Counter

_hits: Counter[str] = Counter()


class FailpointRaised(RuntimeError):
    """Raised by the action `raise`."""


def failpoint(name: str) -> None:
    """Run the action that SATCHEL_FAILPOINTS names for the failpoint *name*, if any."""
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
            f"SATCHEL_FAILPOINTS: {name}: unknown action {action!r}; write kill, raise or sleep:<seconds>"
        )
