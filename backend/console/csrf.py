"""Cross-site request forgery: a request that changes something comes from a page of ours, and proves it twice.

By the browser's own word (`Sec-Fetch-Site`, else `Origin`), and by a token in the form that only a page of this
browser has: an HMAC of its cookie. Each page masks the token differently, because compressed pages could reveal
one that repeats (BREACH). Before the sign-in the browser has a cookie that stands for no session: without that,
somebody could sign a browser in to an account of their own.
"""

import hashlib
import hmac
import secrets

from flask import Response, g, request

from backend.api.services import get_services
from backend.console import forms
from backend.console.visitors import COOKIE, set_cookie
from sync_protocol import base64url

FIELD = "csrf"
SAFE = ("GET", "HEAD")
BYTES = 32


class Forged(Exception):
    """The request may come from a page that is not ours, or from one that is older than the session."""


def require(method: str) -> None:
    """Raise `Forged` unless a request with *method* comes from a page of this browser's session."""
    if method in SAFE:
        return
    if not _is_same_origin() or not _is_valid(forms.read().get(FIELD, "")):
        raise Forged


def _is_same_origin() -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin")
    settings = get_services().settings
    own = {
        request.host_url.rstrip("/"),
        *(url.rstrip("/") for url in (settings.public_url, *settings.other_urls)),
    }
    # A client that sends neither header is no browser of today; the token decides.
    return origin is None or origin in own


def _is_valid(token: str) -> bool:
    cookie = request.cookies.get(COOKIE, "")
    try:
        raw = base64url.decode(token)
    except ValueError:
        return False
    if not cookie or len(raw) != 2 * BYTES:
        return False
    return hmac.compare_digest(_xor(raw[:BYTES], raw[BYTES:]), _proof(cookie))


def token() -> str:
    """Return a token for the forms of the page that answers the request."""
    mask = secrets.token_bytes(BYTES)
    return base64url.encode(mask + _xor(mask, _proof(_cookie())))


def _cookie() -> str:
    """Return the browser's cookie; one that it has not got yet is sent with the page."""
    sent = request.cookies.get(COOKIE)
    if sent:
        return sent
    if "new_cookie" not in g:
        g.new_cookie = secrets.token_urlsafe(32)
    made: str = g.new_cookie
    return made


def add_cookie(response: Response) -> None:
    """Send the cookie that `token` has made."""
    if "new_cookie" in g and COOKIE not in response.headers.get("Set-Cookie", ""):
        set_cookie(response, g.new_cookie)


def _proof(cookie: str) -> bytes:
    return hmac.new(cookie.encode("utf-8", "surrogatepass"), b"satchel office csrf", hashlib.sha256).digest()


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
