"""An ERP that is hostile, or a middlebox that is mad: no answer takes more than its share of memory and time.

However long it is, it is not held in memory; however slowly it comes, it is given up. That an endless answer is
given up at all is the proof that time is bounded: no test looks at a clock.
"""

import gzip
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from backend.connectors.tryton import http as transport
from backend.erp.errors import ErrorClass
from tests.unit.connectors.tryton.garbage_server import Answer, GarbageServer, http, reply
from tests.unit.connectors.tryton.test_client import READS, client, error_of

MB = 1_000_000
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
PAUSE = 0.02
"""Seconds between two pieces of what never ends; each comes well before the wait for it is over."""


def forever(head: bytes, piece: bytes, pause: float = 0.0) -> Callable[[Any], Iterator[bytes]]:
    """Return an answer that begins with *head* and then repeats *piece* until nobody listens."""

    def pieces(request: Any) -> Iterator[bytes]:
        yield head
        while True:
            yield piece
            time.sleep(pause)

    return pieces


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def long(request: Any) -> Iterator[bytes]:
    """200 MB, as announced."""
    yield HEAD + b"Content-Length: 200000000\r\n\r\n"
    for _ in range(200):
        yield bytes(MB)


def many_values(request: Any) -> bytes:
    """A right answer whose result would be a gigabyte of empty lists; ten kilobytes on the wire."""
    return http(gzip.compress(b'{"id": %d, "result": [%s[]]}' % (request["id"], b"[]," * 4 * MB)),
                Content_Encoding="gzip")  # fmt: skip


TOO_MUCH: dict[str, Answer] = {
    "200 MB": long,
    "endless, without a length": forever(HEAD + b"\r\n", b" " * 65_536),
    "endless chunks": forever(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", chunk(b" " * 65_536)),
    "an endless header": forever(HEAD + b"X-Long: ", b"x" * 65_536),
    "endless headers": forever(HEAD, b"X-More: yes\r\n" * 1_000),
    "an endless gzip": forever(HEAD + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(bytes(10 * MB))),
    "a gzip of 300 MB": http(gzip.compress(bytes(300 * MB), 1), Content_Encoding="gzip"),
    "a gzip in a gzip": http(gzip.compress(gzip.compress(bytes(MB))), Content_Encoding="gzip, gzip"),
    "a gigabyte of values": many_values,
}
TOO_SLOW: dict[str, Answer] = {
    "a status line that drips": forever(b"HTTP/1.1 200 ", b"O", PAUSE),
    "headers that drip": forever(HEAD, b"X-More: yes\r\n", PAUSE),
    "a body that drips": forever(HEAD + b"\r\n", b" ", PAUSE),
    "chunks that drip": forever(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", chunk(b" "), PAUSE),
    "interim answers for ever": forever(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", PAUSE),
}


@pytest.fixture
def garbage() -> Iterator[GarbageServer]:
    with GarbageServer() as server:
        yield server


@pytest.mark.parametrize(("writes", "bound"), [(True, 8 * MB), (False, 4 * transport.MAX_BYTES)])
@pytest.mark.parametrize("answer", TOO_MUCH.values(), ids=TOO_MUCH)
def test_an_answer_of_any_size_takes_bounded_memory(
    garbage: GarbageServer, answer: Answer, writes: bool, bound: int
) -> None:
    if answer is many_values:
        answer = many_values({"id": 3})  # made before it is counted; logging in takes the numbers 1 and 2
    tracemalloc.start()
    try:
        error = error_of(garbage, answer, writes=writes)
        assert tracemalloc.get_traced_memory()[1] < bound
    finally:
        tracemalloc.stop()
    assert error.error_class is (ErrorClass.UNKNOWN if writes else ErrorClass.TRANSIENT)


@pytest.mark.parametrize("writes", [True, False], ids=["write", "read"])
@pytest.mark.parametrize("answer", TOO_SLOW.values(), ids=TOO_SLOW)
def test_an_endless_answer_is_cut_off(garbage: GarbageServer, answer: Answer, writes: bool) -> None:
    error = error_of(garbage, answer, writes=writes, timeout_seconds="0.5")
    assert error.error_class is (ErrorClass.UNKNOWN if writes else ErrorClass.TRANSIENT)
    assert error.no_answer


def test_a_page_of_many_rows_is_still_read(garbage: GarbageServer) -> None:
    rows = [{"id": n + 1, "name": "x" * 500, "lines": list(range(20))} for n in range(1_000)]
    garbage.answers = [reply(rows)]
    with closing(client(garbage.url)) as asking:
        assert asking.call(READS) == rows
