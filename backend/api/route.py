"""How an endpoint declares a route: its address, who may call it, and its OpenAPI operation.

Separate from `routes.py`, which imports every endpoint and so cannot be imported by one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from flask import Response

from backend.api.auth import Preload
from backend.api.openapi.operation import Operation
from backend.api.work import Work

View = Callable[..., Response]


class Auth(Enum):
    """The authentication that a view requires of a request."""

    PUBLIC = "nothing"
    DEVICE = "a device's access token"
    LINK = "a device's access token or a signed link"
    OFFICE = "the token of an office account"


@dataclass(frozen=True)
class Route:
    """One method at one path, with the view that answers it.

    Attributes:
        name: Flask's endpoint name (below the blueprint `api`) and OpenAPI's `operationId`.
        path: As Flask has it: `/v1/segments/<sha256>`. The view gets the parts in brackets as arguments.
        preload: What authentication reads in the same statement as the device's row; None: that row alone.
        work: What admission counts it as; None: it is always answered and never counted.
    """

    name: str
    method: str
    path: str
    operation: Operation
    view: View
    auth: Auth
    preload: Preload | None
    work: Work | None


def route(
    name: str,
    method: str,
    path: str,
    operation: Operation,
    *,
    auth: Auth = Auth.DEVICE,
    preload: Preload | None = None,
    work: Work | None = Work.PULL,
) -> Callable[[View], Route]:
    """Turn the decorated view into a `Route`. Without *auth* it needs a device's token."""

    def declare(view: View) -> Route:
        return Route(name, method, path, operation, view, auth, preload, work)

    return declare
