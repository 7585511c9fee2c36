"""How a page of the console declares its address and what a person needs to use it.

Separate from `routes.py`, which imports every page and so cannot be imported by one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from flask import Response

from backend.office.roles import Permission

View = Callable[..., Response]


class Open(Enum):
    """What a page needs that needs no permission."""

    TO_ALL = "nothing"
    TO_PEOPLE = "a session"
    """Somebody is signed in, perhaps with an initial password."""


Needs = Open | Permission


@dataclass(frozen=True)
class Page:
    """One method at one path below `/office`, with the view that answers it."""

    name: str
    method: str
    path: str
    needs: Needs
    """The permission that the person must have for something; what exactly, the view checks."""
    view: View


def page(name: str, method: str, path: str, needs: Needs) -> Callable[[View], Page]:
    """Turn the decorated view into a `Page`."""

    def declare(view: View) -> Page:
        return Page(name, method, path, needs, view)

    return declare
