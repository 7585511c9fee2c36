"""A target: what reads data of others, the inputs that are drawn for it, and how it must answer."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from hypothesis.strategies import SearchStrategy

Check = Callable[[Any], bool]
"""Reads one input; returns whether it was accepted. Documented errors are caught; any other is a fault."""


@dataclass(frozen=True)
class Target:
    """What is searched. *open* yields the check, with the folder or the installation that it needs."""

    name: str
    inputs: SearchStrategy[Any]
    open: Callable[[], AbstractContextManager[Check]]
    share: float = 1.0
    """How many inputs are tried compared with a parser that needs no installation and no process."""


def pure(name: str, inputs: SearchStrategy[Any], check: Check, share: float = 1.0) -> Target:
    """Return a target whose check needs nothing."""
    return Target(name, inputs, lambda: nullcontext(check), share)


def accepts(
    errors: type[Exception] | tuple[type[Exception], ...], read: Callable[..., Any], *given: Any
) -> bool:
    """Call *read* with *given*; return False if it raises one of the documented *errors*."""
    try:
        read(*given)
    except errors:
        return False
    return True
