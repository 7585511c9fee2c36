"""An HTTP transport that searches every byte of every response for documents of another rep."""

import re
import zlib
from collections.abc import Callable, Iterator

import httpx

CANARY = re.compile(rb"CANARY-(\w+?)-[0-9a-f]+")


class LeakDetector(httpx.BaseTransport):
    """Calls *on_leak* with each canary in a response that does not belong to *rep*."""

    def __init__(
        self, rep: str, on_leak: Callable[[str], None], network: httpx.BaseTransport | None = None
    ) -> None:
        self._inner = network or httpx.HTTPTransport()
        self._rep, self._on_leak = rep.encode(), on_leak

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self._inner.handle_request(request)
        assert isinstance(response.stream, httpx.SyncByteStream)
        response.stream = _RecordedStream(response.stream, self._search)
        return response

    def close(self) -> None:
        self._inner.close()

    def _search(self, raw: bytes) -> None:
        for body in (raw, *_inflated(raw)):
            for match in CANARY.finditer(body):
                if match[1] != self._rep:
                    self._on_leak(match[0].decode())


def _inflated(raw: bytes) -> Iterator[bytes]:
    """Yield the content of a gzip body, even a cut one: half a response can leak as well as a whole one."""
    if raw[:2] == b"\x1f\x8b":
        inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            yield inflater.decompress(raw)
        except zlib.error:
            return


class _RecordedStream(httpx.SyncByteStream):
    def __init__(self, stream: httpx.SyncByteStream, search: Callable[[bytes], None]) -> None:
        self._stream, self._search = stream, search
        self._seen = bytearray()

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._stream:
            self._seen += piece
            yield piece

    def close(self) -> None:
        self._search(bytes(self._seen))
        self._stream.close()
