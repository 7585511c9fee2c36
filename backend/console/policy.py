"""The headers of the console's pages: what a browser may load and run in them.

Scripts need the nonce of the response. The API's default headers (no sniffing, no referrer, no cache) are there
too.
"""

import secrets

from flask import Response, g, request

from backend.console import csrf

RULES = {
    "default-src": "'none'",
    "base-uri": "'none'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "img-src": "'self' data:",
    "style-src": "'self'",
}


def nonce() -> str:
    """Return the nonce of the response, made when a page first asks for it."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(16)
    made: str = g.nonce
    return made


def add_headers(response: Response) -> Response:
    """Add the policy, and the cookie that a form on the page needs."""
    csrf.add_cookie(response)
    scripts = f"'nonce-{g.nonce}'" if "nonce" in g else "'none'"
    rules = {**RULES, "script-src": scripts}
    response.headers["Content-Security-Policy"] = "; ".join(f"{name} {value}" for name, value in rules.items())
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
    if not request.path.startswith("/office/files/"):
        response.vary.update(("Cookie", "HX-Request", "Accept-Language"))
    return response
