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

from backend import metrics, queues
from tests.delivery.desk import Desk, eventually
from tests.delivery.workers import all_accepted, processes_with, worker
from tests.services import RedisServer


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis that may be killed."""
    with RedisServer(tmp_path / "redis") as server:
        yield server


@pytest.fixture(autouse=True)
def fresh_queues() -> Iterator[None]:
    yield
    for queue in queues._queues.values():
        queue.connection.close()
    queues._queues.clear()
    queues._silent = False


def test_without_a_redis_nobody_rings(desk: Desk) -> None:
    queues.ring(desk.settings)
    assert queues._queues == {}


def test_a_ring_wakes_a_worker_that_would_not_poll_for_an_hour(desk: Desk, own_redis: RedisServer) -> None:
    settings = replace(desk.settings, redis_url=own_redis.url)
    with worker(desk, SATCHEL_REDIS_URL=own_redis.url, SATCHEL_POLL_SECONDS="3600"):
        with redis.Redis.from_url(own_redis.url) as client:
            eventually(lambda: bool(client.smembers("rq:workers")))
        first = [desk.capture(customer=f"C{n}") for n in range(3)]
        queues.ring(settings)
        all_accepted(desk, first)
        second = desk.capture()
        queues.ring(settings)
        all_accepted(desk, [second])


def test_a_second_ring_is_not_queued_while_one_waits(desk: Desk, own_redis: RedisServer) -> None:
    settings = replace(desk.settings, redis_url=own_redis.url)
    for _ in range(5):
        queues.ring(settings)
    with redis.Redis.from_url(own_redis.url) as client:
        assert client.llen("rq:queue:satchel") == 1


def test_what_lies_in_redis_is_json(desk: Desk, own_redis: RedisServer) -> None:
    """Whoever reads a pickle runs what its writer wished; Redis is not ours alone."""
    queues.ring(replace(desk.settings, redis_url=own_redis.url))
    with redis.Redis.from_url(own_redis.url) as client:
        [job] = client.lrange("rq:queue:satchel", 0, -1)
        data = client.hget(f"rq:job:{job.decode()}", "data")
    assert json.loads(zlib.decompress(data))[0] == queues.JOB


def lost() -> float:
    """How many rings this process has lost."""
    return metrics.DOORBELL_FAILURES.samples()[()]


def test_a_redis_that_is_away_holds_up_nobody_and_is_told_once(
    desk: Desk, own_redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    settings = replace(desk.settings, redis_url=own_redis.url)
    queues.ring(settings)
    own_redis.kill()
    before = lost()
    for _ in range(3):
        queues.ring(settings)
    assert lost() == before + 3
    assert caplog.text.count("cannot be rung") == 1
    own_redis.start()
    queues.ring(settings)
    assert lost() == before + 3


@pytest.mark.parametrize("fault", ["flushall", "kill", "hang"])
def test_twenty_documents_arrive_once_whatever_happens_to_redis(
    desk: Desk, own_redis: RedisServer, fault: str
) -> None:
    settings = replace(desk.settings, redis_url=own_redis.url)
    desk.erp.script("create", "latency:0.05")
    ids = []
    with worker(desk, SATCHEL_REDIS_URL=own_redis.url):
        for n in range(20):
            ids.append(desk.capture(customer=f"C{n % 7}"))
            queues.ring(settings)
            if n == 10:
                _break(own_redis, fault)
        all_accepted(desk, ids)
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
    desk: Desk, own_redis: RedisServer, end: int
) -> None:
    mine = {"SATCHEL_ERP_FOLDER": str(desk.erp.folder)}
    with worker(desk, SATCHEL_REDIS_URL=own_redis.url) as process:
        eventually(lambda: len(processes_with(mine)) == 2)
        os.kill(process.pid, end)
        eventually(lambda: processes_with(mine) == [])
    assert process._process.returncode == (-signal.SIGKILL if end == signal.SIGKILL else 0)


def test_the_doorbells_process_is_started_again_when_redis_comes_back(
    desk: Desk, own_redis: RedisServer
) -> None:
    own_redis.stop()
    settings = replace(desk.settings, redis_url=own_redis.url)
    with worker(desk, SATCHEL_REDIS_URL=own_redis.url, SATCHEL_POLL_SECONDS="0.1"):
        id = desk.capture()
        all_accepted(desk, [id])
        own_redis.start()
        with redis.Redis.from_url(own_redis.url) as client:
            eventually(lambda: bool(client.smembers("rq:workers")))
        queues.ring(settings)
