"""Bounded decompression: how much is held, and what each kind of damage raises."""

import gzip
import tracemalloc
import zlib

import pytest

from sync_protocol.inflate import (
    ZLIB,
    InflateCutOff,
    InflateError,
    InflateTooLong,
    InflateTrailingData,
    inflate,
)

PLAIN = b"forty boxes of gloves, " * 400
PACKED = gzip.compress(PLAIN, mtime=0)


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


@pytest.mark.parametrize("size", [1, 7, len(PACKED)])
def test_pieces_of_any_size_give_the_plain_bytes_up_to_the_bound(size: int) -> None:
    assert inflate(pieces(PACKED, size), len(PLAIN)) == PLAIN
    with pytest.raises(InflateTooLong, match=f"more than {len(PLAIN) - 1} bytes"):
        inflate(pieces(PACKED, size), len(PLAIN) - 1)


def test_zlib_data_is_read_on_request() -> None:
    assert inflate([zlib.compress(PLAIN)], len(PLAIN), wbits=ZLIB) == PLAIN
    with pytest.raises(InflateError, match="is damaged"):
        inflate([PACKED], len(PLAIN), wbits=ZLIB)


def test_no_more_memory_is_used_than_the_bound() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(InflateTooLong):
            inflate([bomb], 100_000)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("size", [1, len(PACKED) * 3])
@pytest.mark.parametrize(
    ("data", "error"),
    [
        (PACKED[:-4], InflateCutOff),
        (b"", InflateCutOff),
        (PACKED + b"x", InflateTrailingData),
        (PACKED + PACKED, InflateTrailingData),
        (b"plain text", InflateError),
    ],
)
def test_damaged_data_is_refused(data: bytes, error: type[InflateError], size: int) -> None:
    with pytest.raises(InflateError) as caught:
        inflate(pieces(data, size), len(PLAIN))
    assert type(caught.value) is error
