"""A network that reads along: every byte of every answer is searched for what another rep captured."""

import re
import zlib
from collections.abc import Callable, Iterator

import httpx

CANARY = re.compile(rb"CANARY-(\w+?)-[0-9a-f]+")


class Watching(httpx.BaseTransport):
    """Tells *found* of each canary in an answer that is not of *rep*."""

    def __init__(
        self, rep: str, found: Callable[[str], None], network: httpx.BaseTransport | None = None
    ) -> None:
        self._inner = network or httpx.HTTPTransport()
        self._rep, self._found = rep.encode(), found

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self._inner.handle_request(request)
        assert isinstance(response.stream, httpx.SyncByteStream)
        response.stream = _Read(response.stream, self._search)
        return response

    def close(self) -> None:
        self._inner.close()

    def _search(self, raw: bytes) -> None:
        for body in (raw, *_inflated(raw)):
            for match in CANARY.finditer(body):
                if match[1] != self._rep:
                    self._found(match[0].decode())


def _inflated(raw: bytes) -> Iterator[bytes]:
    """Yield what is inside gzip, also where it was cut: half an answer can leak as well as a whole one."""
    if raw[:2] == b"\x1f\x8b":
        inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            yield inflater.decompress(raw)
        except zlib.error:
            return


class _Read(httpx.SyncByteStream):
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
