"""Waiting for what another process or thread does, of which no event tells."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

SECONDS = 180.0
"""For a machine that is slow and busy: a wait that succeeds costs no more for it."""
BETWEEN = 0.02


def eventually(
    condition: Callable[[], T | None],
    what: str = "the condition holds",
    seconds: float = SECONDS,
    *,
    between: float = BETWEEN,
) -> T:
    """Return the value of *condition* as soon as it is truthy; fail with *what* after *seconds*.

    *between* are the seconds from one look to the next.
    """
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"never within {seconds} s: {what}; last seen: {value!r}"
        time.sleep(between)
    return value
