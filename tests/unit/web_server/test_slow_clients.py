"""Clients that stop in the middle hold no thread, and are given up in the end; bytes that arrived are kept.

The server has two threads. No test asserts a time; the deadlines only end a test that fails.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.eventually import eventually
from tests.unit.web_server.conftest import SmallServer, Start
from tests.unit.web_server.conversation import Conversation
from tests.unit.web_server.small_app import OVER_BUFFERS

POST = b"POST /echo HTTP/1.1\r\nHost: x\r\n"
BEGUN: dict[str, bytes] = {
    "connected only": b"",
    "half a request line": b"GET /ec",
    "half a head": b"GET /echo HTTP/1.1\r\nHost: x\r\nX-A: ",
    "half a body": POST + b"Content-Length: 1000\r\n\r\nabc",
    "half a chunk": POST + b"Transfer-Encoding: chunked\r\n\r\n100\r\nabc",
    "half a chunk line": POST + b"Transfer-Encoding: chunked\r\n\r\n10",
    "half a trailer": POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX-A: ",
    "a reply that is not read": b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n",
    "an end that is not answered": b"GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "an error that is not read": b"nonsense\r\n\r\n",
}


@pytest.fixture
def crowd() -> Iterator[Callable[..., list[Conversation]]]:
    """`crowd(server, number, begun)` opens connections that stop there."""
    with ExitStack() as stack:

        def gather(server: SmallServer, number: int, begun: bytes) -> list[Conversation]:
            talks = [stack.enter_context(server.talk(receive_buffer=4096)) for _ in range(number)]
            for talk in talks:
                talk.send(begun)
            return talks

        yield gather


@pytest.mark.parametrize("name", BEGUN)
def test_honest_clients_are_served_beside_clients_that_stop(
    server: SmallServer, crowd: Callable[..., list[Conversation]], name: str
) -> None:
    crowd(server, 20, BEGUN[name])
    for _ in range(5):
        with server.talk() as honest:
            assert honest.get().status == 200
            assert honest.get().status == 200


def test_a_body_that_arrives_slowly_but_steadily_is_taken(start: Start) -> None:
    """Every part takes less than the time that its bytes give; the whole takes longer than a short body may."""
    server = start(web_client_seconds="1", web_client_bytes_per_second="100")
    with server.talk() as talk:
        talk.send(POST + b"Content-Length: 65536\r\n\r\n")
        for _ in range(8):
            talk.send(b"x" * 8192)
            eventually_idle(server)
        assert talk.reply().body.startswith(b"POST 65536 whole")


def eventually_idle(server: SmallServer) -> None:
    """Take some time by asking the server for it."""
    with server.talk() as talk:
        talk.get("/wait", "X-Seconds: 0.4")


@pytest.mark.parametrize("end", ["too late", "broken off"])
@pytest.mark.parametrize("name", ["half a body", "half a chunk"])
def test_what_arrived_of_a_body_reaches_the_app(start: Start, name: str, end: str) -> None:
    """A piece of a receipt is kept although its connection breaks; so the app must see it."""
    server = start(web_client_seconds="1" if end == "too late" else "300")
    with server.talk() as talk:
        talk.send(BEGUN[name])
        if end == "broken off":
            talk.end_sending()
        body = talk.reply().body
        assert body.startswith(b"POST 3 cut" if name == "half a body" else b"broken NoMoreData")
        assert talk.ended()


def test_a_reply_that_nobody_reads_is_given_up(start: Start, crowd: Callable[..., list[Conversation]]) -> None:
    server = start(web_client_seconds="1")
    crowd(server, 1, BEGUN["a reply that is not read"])
    eventually(lambda: connections(server) == 0)


def test_a_reply_that_is_read_slowly_arrives_whole(server: SmallServer) -> None:
    with server.talk(receive_buffer=2**18) as talk:
        reply = talk.get("/large")
        assert len(reply.body) == OVER_BUFFERS
        assert talk.get().status == 200


def test_memory_for_slow_clients_is_bounded(start: Start, crowd: Callable[..., list[Conversation]]) -> None:
    """Eight MiB for bodies that do not end: those that began first are refused, and the last one is not."""
    server = start(web_buffer_mib="8")
    begun = POST + b"Content-Length: 4194304\r\n\r\n" + b"x" * 3_000_000
    talks = crowd(server, 5, begun)
    for talk in talks[:3]:
        assert (talk.reply().status, talk.ended()) == (503, True)
    talks[4].send(b"x" * (4_194_304 - 3_000_000))
    assert talks[4].reply().body.startswith(b"POST 4194304 whole")


def test_replies_that_are_not_read_are_bounded_together(
    start: Start, crowd: Callable[..., list[Conversation]]
) -> None:
    server = start(web_buffer_mib="16")
    crowd(server, 8, BEGUN["a reply that is not read"])
    eventually(lambda: connections(server) <= 4)
    with server.talk() as honest:
        assert honest.get().status == 200


def connections(server: SmallServer) -> int:
    """Return how many connections the server has, but for the one that would ask it."""
    own = f"0100007F:{server.port:04X}"
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return sum(1 for line in lines if line.split()[1] == own and line.split()[3] == "01")
