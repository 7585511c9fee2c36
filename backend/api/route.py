"""A door: one method at one address."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Response

from backend.api.auth import Preload


@dataclass(frozen=True)
class Route:
    """*name* is the endpoint's name, and the operation's in OpenAPI."""

    method: str
    path: str
    name: str
    respond: Callable[..., Response]
    locked: bool = True
    linked: bool = False
    """Whether a signed link opens it too."""
    office: bool = False
    """Whether its lock is the office's."""
    preload: Preload | None = None
    """What the lock reads in one statement with who speaks; None: only that."""
