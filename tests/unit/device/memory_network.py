"""A network in memory between a device and the scripted server: it may be offline, and lose or cut a reply."""

import gzip
from collections.abc import Callable, Iterator

import httpx

from sync_protocol.conformance.http_server import Reply, Request


class MemoryNetwork(httpx.BaseTransport):
    """Brings requests to *respond*, as `HttpServer` does, and its replies back as they travel."""

    def __init__(self, respond: Callable[[Request], Reply]) -> None:
        self._respond = respond
        self.offline = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return the reply; raises what httpx raises without a network or where the connection breaks."""
        if self.offline:
            raise httpx.ConnectError("no route to host", request=request)
        body = request.read()
        if request.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        query = dict(request.url.params)
        reply = self._respond(Request(request.method, request.url.path, query, dict(request.headers), body))
        if reply.lost:
            raise httpx.ReadError("connection reset", request=request)
        content = b"" if request.method == "HEAD" else reply.body
        return httpx.Response(reply.status, headers=dict(reply.headers), stream=_Body(content, reply.cut))


class _Body(httpx.SyncByteStream):
    """A body in pieces. With *cut* the connection breaks after that many bytes."""

    def __init__(self, content: bytes, cut: int | None) -> None:
        self._content, self._cut = content, cut

    def __iter__(self) -> Iterator[bytes]:
        end = len(self._content) if self._cut is None else self._cut
        for start in range(0, end, 1000):
            yield self._content[start : min(end, start + 1000)]
        if self._cut is not None:
            raise httpx.ReadError("connection reset")
