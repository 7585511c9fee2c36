"""The doorbell saves time and carries nothing: whatever happens to Redis, every document arrives once."""

import json
import os
import signal
import zlib
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import redis
from sqlalchemy import select

from backend import doorbell, metrics
from backend.watchdog.heart import worker_name
from backend.watchdog.late import DOORBELL
from backend.watchdog.models import Heartbeat
from tests.eventually import SECONDS, eventually
from tests.services import RedisServer
from tests.services.process import ServerProcess
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.delivery.workers import all_accepted, processes_with, worker


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis that may be killed."""
    with RedisServer(tmp_path / "redis") as server:
        yield server


@pytest.fixture(autouse=True)
def fresh_queues() -> Iterator[None]:
    yield
    for queue in doorbell._queues.values():
        queue.connection.close()
    doorbell._queues.clear()
    doorbell._failing = False


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine, a Redis that lives may answer late, and the ring would be lost."""
    monkeypatch.setattr(doorbell, "connection", partial(doorbell.connection, seconds=SECONDS))


def test_a_server_without_redis_rings_no_doorbell(inbox: InboxFixture) -> None:
    doorbell.ring(inbox.settings)
    assert doorbell._queues == {}


@pytest.mark.usefixtures("patient")
def test_a_ring_wakes_a_worker_that_would_not_poll_for_an_hour(
    inbox: InboxFixture, own_redis: RedisServer
) -> None:
    settings = replace(inbox.settings, redis_url=own_redis.url)
    with worker(inbox, SATCHEL_REDIS_URL=own_redis.url, SATCHEL_POLL_SECONDS="3600"):
        with redis.Redis.from_url(own_redis.url) as client:
            eventually(lambda: bool(client.smembers("rq:workers")))
        first = [inbox.capture(customer=f"C{n}") for n in range(3)]
        doorbell.ring(settings)
        all_accepted(inbox, first)
        second = inbox.capture()
        doorbell.ring(settings)
        all_accepted(inbox, [second])


@pytest.mark.usefixtures("patient")
def test_a_second_ring_is_not_queued(inbox: InboxFixture, own_redis: RedisServer) -> None:
    settings = replace(inbox.settings, redis_url=own_redis.url)
    for _ in range(5):
        doorbell.ring(settings)
    with redis.Redis.from_url(own_redis.url) as client:
        assert client.llen("rq:queue:satchel") == 1


@pytest.mark.usefixtures("patient")
def test_jobs_in_redis_are_json(inbox: InboxFixture, own_redis: RedisServer) -> None:
    """Reading a pickle runs code that its writer chose, and others can write to Redis."""
    doorbell.ring(replace(inbox.settings, redis_url=own_redis.url))
    with redis.Redis.from_url(own_redis.url) as client:
        [job] = client.lrange("rq:queue:satchel", 0, -1)
        data = client.hget(f"rq:job:{job.decode()}", "data")
    assert json.loads(zlib.decompress(data))[0] == doorbell.JOB


def lost_rings() -> float:
    """How many rings this process has lost."""
    return metrics.DOORBELL_FAILURES.samples()[()]


@pytest.mark.usefixtures("patient")
def test_an_unreachable_redis_delays_nothing_and_is_logged_once(
    inbox: InboxFixture, own_redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    settings = replace(inbox.settings, redis_url=own_redis.url)
    doorbell.ring(settings)
    own_redis.kill()
    before = lost_rings()
    for _ in range(3):
        doorbell.ring(settings)
    assert lost_rings() == before + 3
    assert caplog.text.count("cannot be rung") == 1
    own_redis.start()
    doorbell.ring(settings)
    assert lost_rings() == before + 3


@pytest.mark.parametrize("fault", ["flushall", "kill", "hang"])
def test_twenty_documents_arrive_once_whatever_happens_to_redis(
    inbox: InboxFixture, own_redis: RedisServer, fault: str
) -> None:
    settings = replace(inbox.settings, redis_url=own_redis.url)
    inbox.erp.script("create", "latency:0.05")
    ids = []
    with worker(inbox, SATCHEL_REDIS_URL=own_redis.url):
        for n in range(20):
            ids.append(inbox.capture(customer=f"C{n % 7}"))
            doorbell.ring(settings)
            if n == 10:
                _break(own_redis, fault)
        all_accepted(inbox, ids)
    if fault == "hang":
        os.kill(own_redis._process.pid, signal.SIGCONT)


def _break(server: RedisServer, fault: str) -> None:
    if fault == "flushall":
        with redis.Redis.from_url(server.url) as client:
            client.flushall()
    elif fault == "kill":
        server.kill()
    else:
        os.kill(server._process.pid, signal.SIGSTOP)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_the_doorbell_process_ends_with_its_worker(
    inbox: InboxFixture, own_redis: RedisServer, end: int
) -> None:
    variables = {"SATCHEL_ERP_FOLDER": str(inbox.erp.folder)}
    with worker(inbox, SATCHEL_REDIS_URL=own_redis.url) as process:
        eventually(lambda: len(processes_with(variables)) == 2)
        os.kill(process.pid, end)
        eventually(lambda: processes_with(variables) == [])
    assert process._process.returncode == (-signal.SIGKILL if end == signal.SIGKILL else 0)
    assert "Fatal Python error" not in process.log.read_text()


def test_the_doorbell_process_restarts_when_redis_returns(inbox: InboxFixture, own_redis: RedisServer) -> None:
    own_redis.stop()
    settings = replace(inbox.settings, redis_url=own_redis.url)
    with worker(inbox, SATCHEL_REDIS_URL=own_redis.url, SATCHEL_POLL_SECONDS="0.1"):
        id = inbox.capture()
        all_accepted(inbox, [id])
        own_redis.start()
        with redis.Redis.from_url(own_redis.url) as client:
            eventually(lambda: bool(client.smembers("rq:workers")))
        doorbell.ring(settings)


def heartbeat(inbox: InboxFixture, process: ServerProcess) -> Heartbeat | None:
    """Return the row of the doorbell of *process*; that of an earlier test may still end and write its own."""
    own = Heartbeat.worker == worker_name(process.pid)
    with inbox.sessions() as session:
        return session.scalars(select(Heartbeat).where(Heartbeat.duty == DOORBELL, own)).one_or_none()


def test_the_doorbell_process_has_a_heartbeat_of_its_own(inbox: InboxFixture, own_redis: RedisServer) -> None:
    with worker(inbox, SATCHEL_REDIS_URL=own_redis.url) as process:
        eventually(lambda: heartbeat(inbox, process) is not None)
        first = heartbeat(inbox, process)
        assert first is not None and first.worker == worker_name(process.pid)
        eventually(lambda: (now := heartbeat(inbox, process)) is not None and now.beat_at > first.beat_at)
        os.kill(process.pid, signal.SIGTERM)
        eventually(lambda: not process.alive)
        last = heartbeat(inbox, process)
        assert last is not None and last.ended_at is not None


def test_without_redis_the_doorbell_process_fails_in_one_line_and_its_heartbeat_says_why(
    inbox: InboxFixture, own_redis: RedisServer
) -> None:
    own_redis.stop()
    with worker(inbox, SATCHEL_REDIS_URL=own_redis.url) as process:
        eventually(lambda: (now := heartbeat(inbox, process)) is not None and now.failing_since is not None)
        row = heartbeat(inbox, process)
        assert row is not None and row.error is not None and row.error.startswith("Redis: ")
        eventually(lambda: "cannot be used" in process.log.read_text(), "it is logged")
        log = process.log.read_text()
        assert "Redis cannot be used; workers poll meanwhile" in log and "Traceback" not in log


def listens(server: RedisServer) -> bool:
    """Say whether a worker of RQ waits for jobs in *server*."""
    with redis.Redis.from_url(server.url) as client:
        return any(client.hget(key, "state") == b"idle" for key in client.smembers("rq:workers"))


def test_a_redis_that_goes_away_is_logged_once_and_is_a_failure_of_the_doorbell(
    inbox: InboxFixture, own_redis: RedisServer
) -> None:
    with worker(inbox, SATCHEL_REDIS_URL=own_redis.url) as process:
        # Before it listens, a worker of RQ ends when Redis does; afterwards it tries again.
        eventually(lambda: listens(own_redis))
        own_redis.kill()
        eventually(lambda: (now := heartbeat(inbox, process)) is not None and now.failing_since is not None)
        own_redis.start()
        eventually(lambda: (now := heartbeat(inbox, process)) is not None and now.failing_since is None)
        log = process.log.read_text()
    assert log.count("Redis does not respond; workers poll meanwhile") == 1
    assert log.count("Redis responds again") == 1
    assert "could not connect to Redis" not in log
