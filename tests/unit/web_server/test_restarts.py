"""Deploys: a request that runs is answered, a request that is arriving may end, and files are sent whole."""

import os
import signal
from pathlib import Path

import pytest

from tests.eventually import SECONDS, eventually
from tests.unit.web_server.conftest import SmallServer, Start
from tests.unit.web_server.conversation import RawReply

POST = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc"


def pid_of(reply: RawReply) -> int:
    return int(reply.body.split()[-1])


def test_a_request_that_runs_and_one_that_arrives_are_answered_after_term(start: Start) -> None:
    server = start()
    with server.talk() as running, server.talk() as arriving, server.talk() as idle:
        assert idle.get().status == 200
        arriving.send(POST)
        running.send(b"GET /wait HTTP/1.1\r\nHost: x\r\nX-Seconds: 2\r\n\r\n")
        with server.talk() as other:
            other.get()  # so the two before it have reached the server
        server.process.send(signal.SIGTERM)
        arriving.send(b"def")
        assert arriving.reply().body.startswith(b"POST 6 whole")
        assert idle.ended()
        assert running.reply().status == 200
    assert server.process.wait(SECONDS)


def test_a_reload_loses_no_request(start: Start) -> None:
    """SIGHUP to the main process: new web processes take over, and the old one answers what it has."""
    server = start()
    with server.talk() as before:
        old = pid_of(before.get())
        before.send(POST)
        with server.talk() as other:
            other.get()
        # To the main process alone, as a deploy does.
        os.kill(server.process.pid, signal.SIGHUP)
        before.send(b"def")
        assert pid_of(before.reply()) == old

    def replaced() -> bool:
        try:
            with server.talk() as talk:
                return pid_of(talk.get()) != old
        except OSError:
            return False

    eventually(replaced)


@pytest.mark.parametrize(("first", "count"), [(0, 3_000_000), (1_000_000, 500_000), (2_999_999, 1), (5, 0)])
def test_a_file_and_a_part_of_it_are_sent_whole(
    server: SmallServer, tmp_path: Path, first: int, count: int
) -> None:
    file = tmp_path / "file"
    file.write_bytes(bytes(range(250)) * 12_000)
    headers = (f"X-File: {file}", f"X-From: {first}", f"X-Count: {count}")
    with server.talk(receive_buffer=2**16) as talk:
        for _ in range(2):
            assert talk.get("/file", *headers).body == file.read_bytes()[first : first + count]


def test_a_file_that_is_shorter_than_announced_ends_the_connection(server: SmallServer, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"short")
    with server.talk() as talk, pytest.raises(ConnectionError):
        talk.get("/file", f"X-File: {file}", "X-Count: 100")
