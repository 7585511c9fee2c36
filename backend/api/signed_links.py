"""Authentication by a signed link, which names one segment and expires."""

from flask import g, request

from backend.api.problems import Problem
from backend.api.services import get_services
from sync_protocol.errors import ErrorCode


def authenticate_link() -> bool:
    """Return True for a request with a valid signed link, and False for a request without one.

    Raises `Problem` for a link that has expired or was not signed here: a token is not tried then.
    """
    if not {"expires", "signature"} & set(request.args):
        return False
    services = get_services()
    sha256 = str((request.view_args or {}).get("sha256", ""))
    expires, signature = request.args.get("expires", ""), request.args.get("signature", "")
    seconds = services.links.seconds_left(sha256, expires, signature, services.clock.now())
    if not seconds:
        raise Problem(ErrorCode.LINK_INVALID, "The link has expired or was changed; pull again for a new one.")
    g.link_seconds = seconds
    return True


def seconds_left() -> int | None:
    """Return how long the request's signed link is still valid; None for a request with a token."""
    seconds: int | None = g.get("link_seconds")
    return seconds
