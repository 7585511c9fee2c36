"""Where a browser is sent next, always to a page of the console."""

import re
from urllib.parse import quote

from flask import Response, request

START, SIGN_IN, ACCOUNT = "/office/", "/office/sign-in", "/office/account"
_OWN_PATH = re.compile(r"/office(?:/|(?:/[\w~-][\w.~-]{0,79}){1,6})?(?:\?[\w.~%&=+:,*-]{0,500})?", re.ASCII)
"""Where somebody is sent after the sign-in: paths below `/office`, without host and scheme."""


def own_path(text: str | None) -> str:
    """Return *text* if it is the path of a page of the console, else the start page."""
    return text if text and _OWN_PATH.fullmatch(text) else START


def see_other(path: str) -> Response:
    """Send the browser to *path* by GET (RFC 9110, section 15.4.4), also where htmx asks for a part."""
    if request.headers.get("HX-Request") == "true":
        return Response(status=204, headers={"HX-Redirect": path})
    return Response(status=303, headers={"Location": path})


def to_sign_in() -> Response:
    """Send the browser to the sign-in, and from there back to the page that it asked for."""
    wanted_page = own_path(request.full_path.rstrip("?")) if request.method == "GET" else START
    asks_part = request.headers.get("HX-Request") == "true"
    if asks_part or wanted_page == START:
        return see_other(SIGN_IN)
    return see_other(f"{SIGN_IN}?next={quote(wanted_page, safe='')}")


def to_own_account() -> Response:
    """Send a person with an initial password to the page where another one is chosen."""
    return see_other(ACCOUNT)
