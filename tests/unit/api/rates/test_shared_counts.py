"""Counts in a real Redis: two nodes share a limit, and a Redis that dies leaves a limit behind."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from limits import RateLimitItemPerHour

from backend.api.rates import counts
from backend.api.rates.counts import Counts, Limit, limit_of, shared_storage
from backend.api.rates.local_counts import LocalCounts
from tests.eventually import SECONDS
from tests.services.redis import RedisServer

LIMIT = limit_of("failure ", RateLimitItemPerHour(20))
ALONE = limit_of("device ", RateLimitItemPerHour(20), alone=2)
NAME = "192.0.2.7"


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis that the test may kill."""
    with RedisServer(tmp_path / "redis") as server:
        yield server


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine, a Redis that lives may answer late; one that is dead refuses at once."""
    monkeypatch.setattr(counts, "TIMEOUT_SECONDS", SECONDS)
    monkeypatch.setattr(counts, "AWAY_SECONDS", 3600.0)


def node(redis: RedisServer) -> Counts:
    return Counts(LocalCounts(time.time), shared_storage(redis.url), time.time)


def allowed(node: Counts, events: int, limit: Limit = LIMIT) -> int:
    """Return how many of *events* are within the limit."""
    return sum(node.hit(limit, NAME) == 0 for _ in range(events))


def test_two_nodes_share_a_limit(redis: RedisServer) -> None:
    first, second = node(redis), node(redis)
    assert allowed(first, 15) == 15
    assert allowed(second, 15) == 5
    assert allowed(first, 5) == 0
    assert 1 <= second.hit(LIMIT, NAME) <= 3600
    assert second.hit(LIMIT, "192.0.2.8") == 0


def test_what_a_node_counts_alone_is_reported_with_the_first_event_above(redis: RedisServer) -> None:
    first, second = node(redis), node(redis)
    assert allowed(first, 2, ALONE) == 2
    assert shared_storage(redis.url).get(ALONE.item.key_for(ALONE.kind, NAME)) == 0
    assert allowed(first, 16, ALONE) == 16
    # The second node may use its two alone, and no more than the two that are left.
    assert allowed(second, 10, ALONE) == 2


def test_a_redis_that_dies_in_the_middle_leaves_the_count_of_the_process(
    redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    first = node(redis)
    assert allowed(first, 10) == 10
    redis.kill()
    with caplog.at_level(logging.WARNING, "satchel.rates"):
        assert allowed(first, 15) == 10
    assert "each process counts alone" in caplog.text
    assert len(caplog.records) == 1
    redis.start()
    first._away_until = 0.0
    second = node(redis)
    # Redis kept what was reported before it died.
    assert allowed(second, 15) == 10
    assert allowed(first, 1) == 0


def test_a_dead_redis_costs_one_wait_and_not_one_for_each_request(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, reports = node(redis), []
    assert first._shared is not None
    real = first._shared.incr

    def incr(*arguments: Any, **options: Any) -> int:
        reports.append(arguments)
        return real(*arguments, **options)

    monkeypatch.setattr(first._shared, "incr", incr)
    redis.kill()
    assert allowed(first, 20) == 20
    assert len(reports) == 1


def test_no_address_means_no_redis() -> None:
    assert shared_storage("") is None
