"""Signed links: the other key to a door that has one. It names the segment and ends by itself."""

from flask import g, request

from backend.api.problems import Problem
from backend.api.services import get_services
from sync_protocol.errors import ErrorCode


def authenticate_link() -> bool:
    """Let a request in that follows a signed link; return False for one that does not.

    Raises `Problem` for a link that has expired or was not made here: it is never tried as anything else.
    """
    if not {"expires", "signature"} & set(request.args):
        return False
    here = get_services()
    name = str((request.view_args or {}).get("sha256", ""))
    expires, signature = request.args.get("expires", ""), request.args.get("signature", "")
    left = here.links.seconds_left(name, expires, signature, here.clock.now())
    if not left:
        raise Problem(ErrorCode.LINK_INVALID, "The link has expired or was altered; pull again for a new one.")
    g.link_left = left
    return True


def seconds_left() -> int | None:
    """Return for how many seconds the link is good that let this request in; None where a token did."""
    seconds: int | None = g.get("link_left")
    return seconds
