"""The scanner finds the end of a body in chunks where gunicorn's parser finds it, however it arrives."""

from typing import Any

import pytest
from gunicorn.http.body import Body, ChunkedReader
from hypothesis import given
from hypothesis import strategies as some

from backend.web_server.chunks import MAX_FRAMING, ChunkScanner, ChunksMalformed
from backend.web_server.received import Received

BODIES = some.lists(
    some.tuples(some.binary(min_size=1, max_size=40), some.sampled_from([b"", b";a", b" ;a=b"]))
)


class _Request:
    """What gunicorn's reader of chunks needs of a request."""

    limit_request_field_size = 8190
    max_buffer_headers = 8190

    def parse_headers(self, data: bytes, from_trailer: bool) -> list[Any]:
        return []


def encode(chunks: list[tuple[bytes, bytes]], trailer: bytes) -> bytes:
    return b"".join(b"%x%s\r\n%s\r\n" % (len(d), e, d) for d, e in chunks) + b"0\r\n" + trailer + b"\r\n"


@given(BODIES, some.sampled_from([b"", b"X-A: b\r\n"]), some.integers(1, 30))
def test_the_end_is_where_the_parser_finds_it(
    chunks: list[tuple[bytes, bytes]], trailer: bytes, step: int
) -> None:
    encoded = encode(chunks, trailer)
    scanner, received = ChunkScanner(), Received()
    for start in range(0, len(encoded), step):
        assert not scanner.complete
        scanner.feed(encoded[start : start + step])
    assert scanner.complete
    data = b"".join(data for data, _ in chunks)
    assert scanner.data_bytes == len(data)
    received.feed(encoded + b"NEXT")
    body = Body(ChunkedReader(_Request(), received))
    assert body.read() == data
    assert received.take_buffered() == b"NEXT"


@given(some.binary(max_size=300))
def test_anything_else_is_refused_or_awaited(data: bytes) -> None:
    """Bytes at random never end in another error."""
    scanner = ChunkScanner()
    try:
        scanner.feed(data)
    except ChunksMalformed:
        return
    assert scanner.data_bytes >= 0


@pytest.mark.parametrize("framing", [b"1\r\nx\r\n", b"5;" + b"a" * 100 + b"\r\nabcde\r\n"])
def test_framing_is_bounded(framing: bytes) -> None:
    scanner = ChunkScanner()
    with pytest.raises(ChunksMalformed):
        for _ in range(MAX_FRAMING):
            scanner.feed(framing)


def test_a_read_without_a_size_is_short() -> None:
    """The parser of chunks copies what it has not used, for each chunk."""
    received = Received()
    received.feed(b"x" * 100_000)
    assert len(received.read()) <= 10_000
    assert len(received.read(None, read_ahead=50_000)) == 50_000
