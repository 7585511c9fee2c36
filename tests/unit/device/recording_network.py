"""A network between a device and the real application in this process: it records, loses and cuts replies."""

from collections.abc import Iterator

import httpx


class RecordingNetwork(httpx.BaseTransport):
    """Passes requests to *transport*.

    `request_lines` holds the method and path of each request, `statuses` the status of each reply, and
    `segment_bytes` counts the bytes of segments that arrived.
    """

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport
        self.request_lines: list[str] = []
        self.statuses: list[int] = []
        self.segment_bytes = 0
        self.lose: str | None = None
        """Method and path of the request whose next reply is lost."""
        self.cut_after: int | None = None
        """The number of bytes after which a segment's reply is cut."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return the reply; raises `httpx.ReadError` for one that is lost."""
        response = self._transport.handle_request(request)
        line = f"{request.method} {request.url.path}"
        self.request_lines.append(line)
        self.statuses.append(response.status_code)
        if self.lose == line:
            self.lose = None
            response.close()
            raise httpx.ReadError("connection reset", request=request)
        if "/v1/segments/" not in request.url.path:
            return response
        content = response.read()
        size = len(content) if self.cut_after is None else min(self.cut_after, len(content))
        self.segment_bytes += size
        headers = [(k, v) for k, v in response.headers.items() if k != "content-length"]
        return httpx.Response(response.status_code, headers=headers, stream=_Cut(content, size))


class _Cut(httpx.SyncByteStream):
    """The first *size* bytes of a body; then the connection breaks if that is not all."""

    def __init__(self, content: bytes, size: int) -> None:
        self._content, self._size = content, size

    def __iter__(self) -> Iterator[bytes]:
        yield self._content[: self._size]
        if self._size < len(self._content):
            raise httpx.ReadError("connection reset")
