"""How an endpoint declares a route: its address, who may call it, and its OpenAPI operation.

Separate from `routes.py`, which imports every endpoint and so cannot be imported by one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from flask import Response

from backend.api.auth import Preload
from backend.api.openapi.operation import Operation

View = Callable[..., Response]


class Auth(Enum):
    """What a request must bring to reach a view."""

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
    """

    name: str
    method: str
    path: str
    operation: Operation
    view: View
    auth: Auth
    preload: Preload | None


def route(
    name: str,
    method: str,
    path: str,
    operation: Operation,
    *,
    auth: Auth = Auth.DEVICE,
    preload: Preload | None = None,
) -> Callable[[View], Route]:
    """Turn the decorated view into a `Route`. Without *auth* it needs a device's token."""

    def declare(view: View) -> Route:
        return Route(name, method, path, operation, view, auth, preload)

    return declare
