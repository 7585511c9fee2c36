"""The proxy that simulates bad networks does what it promises: other tests rely on it."""

import socket
import threading
from collections.abc import Iterator
from itertools import pairwise
from random import Random

import pytest

from tests.services.link import EDGE, GPRS, PACKET, PROFILES, Lane, Link
from tests.services.proxy import Proxy

ANSWER = bytes(range(256)) * 1_000


@pytest.fixture
def server() -> Iterator[int]:
    """A stateless server that answers every line with the same 256,000 bytes."""
    listener = socket.create_server(("127.0.0.1", 0))

    def talk(connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            try:
                for line in lines:
                    connection.sendall(b"pong\n" if line == b"ping\n" else ANSWER)
            except OSError:
                return

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def exchange(port: int, line: bytes, size: int, seconds: float = 10) -> bytes:
    """Send *line* and return up to *size* bytes, or those that have arrived when the line breaks."""
    received = b""
    try:
        # The reset may arrive while `create_connection` still runs.
        with socket.create_connection(("127.0.0.1", port), seconds) as connection:
            connection.settimeout(seconds)
            connection.sendall(line)
            while len(received) < size and (data := connection.recv(65_536)):
                received += data
    except ConnectionResetError:
        pass
    return received


def test_a_proxy_without_faults_passes_all_bytes(server: int) -> None:
    with Proxy(server) as proxy:
        assert exchange(proxy.port, b"all\n", len(ANSWER)) == ANSWER
        assert (proxy.up, proxy.down, proxy.connections) == (4, len(ANSWER), 1)


@pytest.mark.parametrize("after", [0, 1, PACKET, 100_000])
def test_a_cut_happens_after_the_set_number_of_bytes(server: int, after: int) -> None:
    with Proxy(server) as proxy:
        proxy.cut(down=after, times=2)
        for _ in range(2):
            assert exchange(proxy.port, b"all\n", len(ANSWER)) == ANSWER[:after]
        assert exchange(proxy.port, b"all\n", len(ANSWER)) == ANSWER
        assert proxy.cuts == 2


def test_a_cut_upload_keeps_the_request_from_the_server(server: int) -> None:
    with Proxy(server) as proxy:
        proxy.cut(up=3)
        assert exchange(proxy.port, b"ping\n", 5) == b""
        assert exchange(proxy.port, b"ping\n", 5) == b"pong\n"


def test_one_answer_is_lost_and_the_next_arrives(server: int) -> None:
    with Proxy(server) as proxy:
        proxy.lose(b"ping")
        assert exchange(proxy.port, b"ping\n", 5) == b""
        assert exchange(proxy.port, b"ping\n", 5) == b"pong\n"
        assert proxy.lost == 1


def test_a_hanging_proxy_sends_nothing_until_it_is_healed(server: int) -> None:
    with Proxy(server) as proxy:
        proxy.hang()
        with pytest.raises(TimeoutError):
            exchange(proxy.port, b"ping\n", 5, seconds=0.3)
        proxy.heal()
        assert exchange(proxy.port, b"ping\n", 5) == b"pong\n"


def test_a_closed_proxy_resets_connections(server: int) -> None:
    with Proxy(server) as proxy:
        proxy.refuse()
        assert exchange(proxy.port, b"ping\n", 5) == b""
        proxy.heal()
        assert exchange(proxy.port, b"ping\n", 5) == b"pong\n"


def test_a_proxy_without_its_server_resets_connections() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with Proxy(port) as proxy:
        assert exchange(proxy.port, b"ping\n", 5) == b""


def test_all_bytes_arrive_over_a_slow_and_lossy_link(server: int) -> None:
    quick = Link(rate=40_000_000, rtt=0.002, jitter=0.001, loss=0.01)
    with Proxy(server, quick) as proxy:
        assert exchange(proxy.port, b"all\n", len(ANSWER)) == ANSWER


def test_packets_queue_at_the_rate_of_the_link() -> None:
    lane = Lane(Random(1))
    arrivals = [lane.arrival(PACKET, Link(rate=50_000, rtt=0.8)) for _ in range(3)]
    gaps = [later - earlier for earlier, later in pairwise(arrivals)]
    assert gaps == pytest.approx([PACKET * 8 / 50_000] * 2)


def test_the_same_seed_loses_the_same_packets() -> None:
    def stalls(seed: int) -> list[int]:
        lane, line = Lane(Random(seed)), Link(rate=1e12, rtt=0.8, loss=0.1)
        arrivals = [lane.arrival(PACKET, line) for _ in range(200)]
        return [n for n, arrival in enumerate(arrivals) if arrival - min(arrivals) > 1]

    assert stalls(3) == stalls(3) != stalls(4)
    assert 5 < len(stalls(3)) < 40


def test_the_profiles_are_those_of_the_docs() -> None:
    shown = {name: (link.rate, link.rtt, link.loss) for name, link in PROFILES.items()}
    assert shown == {"GPRS": (50_000, 0.8, 0.02), "EDGE": (250_000, 0.4, 0.02), "3G": (780_000, 0.2, 0.01)}
    assert EDGE.but(loss=0.0).rate == EDGE.rate and GPRS.but(rate=1.0).rtt == GPRS.rtt
