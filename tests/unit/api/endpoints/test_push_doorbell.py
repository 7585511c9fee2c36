"""A push rings the doorbell after its commit, so that the worker need not wait for its next poll."""

from dataclasses import replace
from pathlib import Path

import pytest
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from backend import doorbell
from backend.clock import ManualClock
from backend.inbox import submissions as inbox
from backend.settings import Settings, read_settings
from tests.services import RedisServer
from tests.unit.api.installation import Installation, install
from tests.unit.sync.company import order_body, submission

ID = "01KB0000000000000000000001"


def test_a_push_rings_the_doorbell(
    tmp_path: Path, clock: ManualClock, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doorbell, "_queues", {})
    settings = replace(
        read_settings({"SATCHEL_FOLDER": str(tmp_path / "instance")}), redis_url=redis_server.url
    )
    with Redis.from_url(redis_server.url) as redis, install(settings, clock) as installation:
        redis.flushall()
        queue = Queue(doorbell.QUEUE, connection=redis, serializer=JSONSerializer)
        phone = installation.phone()
        assert queue.count == 0
        answer = phone.push(submission(ID, order_body()))
        assert answer.json["results"][0]["status"] == "received"
        assert queue.count == 1


def test_the_doorbell_rings_after_the_commit(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that reads at once must find the document: nobody rings a second time."""
    stored: list[bool] = []

    def look(settings: Settings) -> None:
        with installation.sessions() as session:
            stored.append(inbox.get(session, ID) is not None)

    monkeypatch.setattr(doorbell, "ring", look)
    installation.phone().push(submission(ID, order_body()))
    assert stored == [True]
