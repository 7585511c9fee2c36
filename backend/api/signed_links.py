"""Authentication by a signed link, which names one segment and one device, and expires.

The device's row is read as with a token. A refused link gets no reason: whoever else got hold of it must not
learn that the device was revoked, nor get its order to wipe.
"""

from flask import g, request

from backend.api.auth import Preload
from backend.api.problems import Problem
from backend.api.services import get_services
from backend.identity.tokens import DeviceRevoked, TokenInvalid
from sync_protocol.errors import ErrorCode

_PARAMETERS = {"device", "version", "expires", "signature"}


def authenticate_link(preload: Preload) -> bool:
    """Return True for a request with a valid signed link, and False for a request without one.

    Raises `Problem` for a link that is not valid, or not any more: a token is not tried then.
    """
    if not _PARAMETERS & set(request.args):
        return False
    services = get_services()
    sha256 = str((request.view_args or {}).get("sha256", ""))
    link = services.links.verify(sha256, request.args, services.clock.now())
    if link is None:
        raise _invalid()
    try:
        g.principal, g.preloaded = preload(link)
    except (DeviceRevoked, TokenInvalid):
        raise _invalid() from None
    g.signed_link = link
    return True


def is_used() -> bool:
    """Say whether the request has a valid signed link, and no token."""
    return "signed_link" in g


def _invalid() -> Problem:
    return Problem(ErrorCode.LINK_INVALID, "The link has expired or was changed; pull again for a new one.")
