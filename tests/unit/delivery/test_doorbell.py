"""The doorbell saves time and carries nothing: whatever happens to Redis, every document arrives once."""

import json
import os
import signal
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import redis

from backend import doorbell, metrics
from tests.services import RedisServer
from tests.unit.delivery.inbox_fixture import InboxFixture, eventually
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
    doorbell._silent = False


def test_without_a_redis_nobody_rings(inbox: InboxFixture) -> None:
    doorbell.ring(inbox.settings)
    assert doorbell._queues == {}


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


def test_a_second_ring_is_not_queued_while_one_waits(inbox: InboxFixture, own_redis: RedisServer) -> None:
    settings = replace(inbox.settings, redis_url=own_redis.url)
    for _ in range(5):
        doorbell.ring(settings)
    with redis.Redis.from_url(own_redis.url) as client:
        assert client.llen("rq:queue:satchel") == 1


def test_what_lies_in_redis_is_json(inbox: InboxFixture, own_redis: RedisServer) -> None:
    """Reading a pickle runs code that its writer chose, and others can write to Redis."""
    doorbell.ring(replace(inbox.settings, redis_url=own_redis.url))
    with redis.Redis.from_url(own_redis.url) as client:
        [job] = client.lrange("rq:queue:satchel", 0, -1)
        data = client.hget(f"rq:job:{job.decode()}", "data")
    assert json.loads(zlib.decompress(data))[0] == doorbell.JOB


def lost() -> float:
    """How many rings this process has lost."""
    return metrics.DOORBELL_FAILURES.samples()[()]


def test_a_redis_that_is_away_holds_up_nobody_and_is_told_once(
    inbox: InboxFixture, own_redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    settings = replace(inbox.settings, redis_url=own_redis.url)
    doorbell.ring(settings)
    own_redis.kill()
    before = lost()
    for _ in range(3):
        doorbell.ring(settings)
    assert lost() == before + 3
    assert caplog.text.count("cannot be rung") == 1
    own_redis.start()
    doorbell.ring(settings)
    assert lost() == before + 3


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
        os.kill(own_redis._process.pid, signal.SIGCONT)  # type: ignore[union-attr]


def _break(server: RedisServer, fault: str) -> None:
    if fault == "flushall":
        with redis.Redis.from_url(server.url) as client:
            client.flushall()
    elif fault == "kill":
        server.kill()
    else:
        os.kill(server._process.pid, signal.SIGSTOP)  # type: ignore[union-attr]


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_the_doorbells_process_dies_with_its_worker_however_that_dies(
    inbox: InboxFixture, own_redis: RedisServer, end: int
) -> None:
    mine = {"SATCHEL_ERP_FOLDER": str(inbox.erp.folder)}
    with worker(inbox, SATCHEL_REDIS_URL=own_redis.url) as process:
        eventually(lambda: len(processes_with(mine)) == 2)
        os.kill(process.pid, end)
        eventually(lambda: processes_with(mine) == [])
    assert process._process.returncode == (-signal.SIGKILL if end == signal.SIGKILL else 0)


def test_the_doorbells_process_is_started_again_when_redis_comes_back(
    inbox: InboxFixture, own_redis: RedisServer
) -> None:
    own_redis.stop()
    settings = replace(inbox.settings, redis_url=own_redis.url)
    with worker(inbox, SATCHEL_REDIS_URL=own_redis.url, SATCHEL_POLL_SECONDS="0.1"):
        id = inbox.capture()
        all_accepted(inbox, [id])
        own_redis.start()
        with redis.Redis.from_url(own_redis.url) as client:
            eventually(lambda: bool(client.smembers("rq:workers")))
        doorbell.ring(settings)
