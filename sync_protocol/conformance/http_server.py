"""An HTTP server on a free port of this machine, whose replies can be delayed, cut or lost."""

import contextlib
import gzip
import json
import socket
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Request:
    """A request of the device. *body* is inflated; *value* is its JSON, or None."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def value(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True)
class Reply:
    """A reply. With *cut*, only that many bytes of the body are sent and the connection is closed.

    With *lost*, the connection is closed without a reply.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    lost: bool = False


def json_reply(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """Return *value* as gzipped JSON."""
    packed = gzip.compress(json.dumps(value).encode(), mtime=0)
    coded = {"Content-Type": "application/json", "Content-Encoding": "gzip", **(headers or {})}
    return Reply(status, packed, coded)


def problem(
    status: int,
    code: str,
    headers: Mapping[str, str] | None = None,
    *,
    retry_after: int | None = None,
    **more: Any,
) -> Reply:
    """Return a problem (RFC 9457) with *code*; *more* are further members.

    *retry_after* becomes a header, in seconds.
    """
    value = {
        "type": f"urn:satchel:error:{code}",
        "title": code,
        "status": status,
        "detail": f"The kit says {code}.",
        "code": code,
        "action": "See docs/reference/errors.md.",
        "request_id": "conformance",
        **more,
    }
    named = {"Content-Type": "application/problem+json", "Satchel-Error": code, **(headers or {})}
    if retry_after is not None:
        named["Retry-After"] = str(retry_after)
    return Reply(status, json.dumps(value).encode(), named)


PAUSE_SECONDS = 0.1
"""How long a line stays open for a browser after the last byte of a cut reply: a real line breaks later
still.
"""


class HttpServer:
    """A server on 127.0.0.1 that replies with the results of *respond* until it is closed.

    With *browser* it spares the device what a page in a browser cannot control. Each connection is closed
    after one reply: a browser repeats a request automatically if a connection that it uses again ends without a
    reply. And a cut reply ends a moment after its last byte: a browser discards what arrives together with the
    end of a connection.
    """

    def __init__(self, respond: Callable[[Request], Reply], *, browser: bool = False) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(respond, browser=browser))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def address(self) -> str:
        """The base URL of the server."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler(respond: Callable[[Request], Reply], *, browser: bool) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle_request(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("Content-Encoding") == "gzip":
                body = zlib.decompress(body, zlib.MAX_WBITS | 16)
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(self.command, parts.path, dict(parse_qsl(parts.query)), headers, body)
            self._send(respond(request))

        def _send(self, reply: Reply) -> None:
            if reply.lost:
                self._hang_up()
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if reply.status not in (204, 304):
                self.send_header("Content-Length", str(len(reply.body)))
            if browser:
                self.send_header("Connection", "close")
            self.end_headers()
            if self.command != "HEAD" and reply.status not in (204, 304):
                self.wfile.write(reply.body if reply.cut is None else reply.body[: reply.cut])
            if reply.cut is not None:
                self.wfile.flush()
                time.sleep(PAUSE_SECONDS if browser else 0)
                self._hang_up()

        def _hang_up(self) -> None:
            self.wfile.flush()
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)

        do_GET = do_POST = do_HEAD = do_PATCH = do_DELETE = do_OPTIONS = _handle_request

        def log_message(self, format: str, *args: Any) -> None:
            """Log nothing: the report says what happened."""

        def handle(self) -> None:
            with contextlib.suppress(ConnectionError):
                super().handle()

    return Handler
