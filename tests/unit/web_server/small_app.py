"""`python -m tests.unit.web_server.small_app`: a web server with a small app instead of Satchel's."""

import io
import os
import sys
import time
from collections.abc import Iterable
from typing import Any

from backend import logs
from backend.api.error_barrier import ErrorBarrier
from backend.settings import Settings, read_settings
from backend.web_server import granian, gunicorn

OVER_BUFFERS = 8 * 2**20
"""More bytes than the buffers of a loopback connection take, on both sides together."""


def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer by path; `/echo` says what arrived."""
    path = environ["PATH_INFO"]
    if path == "/file":
        file = io.FileIO(environ["HTTP_X_FILE"])
        file.seek(int(environ.get("HTTP_X_FROM", "0")))
        start_response("200 OK", [("Content-Length", environ["HTTP_X_COUNT"])])
        wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](file)
        return wrapped
    if path == "/fail":
        raise RuntimeError("a secret of the inside")
    if path == "/fail-late":
        start_response("200 OK", [("Content-Length", "100")])
        return _fail_late()
    if path == "/wait":
        time.sleep(float(environ["HTTP_X_SECONDS"]))
    body = b"x" * OVER_BUFFERS if path == "/large" else _echo(environ)
    start_response("200 OK", [("Content-Length", str(len(body))), ("Content-Type", "text/plain")])
    return [body]


def _echo(environ: dict[str, Any]) -> bytes:
    if environ["PATH_INFO"] == "/ignore":
        return b"ignored"
    try:
        data = environ["wsgi.input"].read()
    except Exception as error:
        return f"broken {type(error).__name__}".encode()
    complete = len(data) == int(environ.get("CONTENT_LENGTH") or len(data))
    return f"{environ['REQUEST_METHOD']} {len(data)} {'whole' if complete else 'cut'} {os.getpid()}".encode()


def _fail_late() -> Iterable[bytes]:
    yield b"part"
    raise RuntimeError("after the head was sent")


def load(settings: Settings) -> Any:
    """Return the app inside Satchel's outermost layer; what fails is left to the server."""
    logs.configure("json", sys.stderr)
    guarded = ErrorBarrier(app)
    return lambda environ, start: (app if "/fail" in environ["PATH_INFO"] else guarded)(environ, start)


if __name__ == "__main__":
    logs.configure("json", sys.stderr)
    settings = read_settings(os.environ)
    run = gunicorn.run if settings.web_server == "gunicorn" else granian.run
    run(settings, load=load)
