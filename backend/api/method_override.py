"""`X-HTTP-Method-Override` for tus: the protocol 1.0.0 says that a server MUST take it for the method.

Clients need it where a proxy or an old browser lets only GET and POST through. It works below `/v1/receipts`
alone: elsewhere it would let a request pass a proxy under another method than the one that the proxy checked.

Separate from `app`, because it wraps the whole server and knows nothing of Flask.
"""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from backend.api import tus

HEADER = "X-HTTP-Method-Override"
METHODS = ("DELETE", "HEAD", "OPTIONS", "PATCH", "POST")
"""The methods of tus."""


class MethodOverrideMiddleware:
    """Give *app* the method that the header names, for requests to receipts.

    A method that tus does not have becomes GET, which has no route there: the answer is 405, and no text of a
    stranger gets into logs or metrics as a method.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        method = environ.get("HTTP_X_HTTP_METHOD_OVERRIDE", "").strip().upper()
        if method and (path == tus.PATH or path.startswith(f"{tus.PATH}/")):
            environ["REQUEST_METHOD"] = method if method in METHODS else "GET"
        return self._app(environ, start_response)
