"""What cannot be stored at once is stored step by step, and the device does not notice."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from backend.clock import ManualClock
from backend.feed import additions
from backend.feed.additions import NotAdded
from backend.feed.models import FeedEpoch, FeedHead
from backend.settings import read_settings
from tests.unit.api.installation import Installation, Phone, install
from tests.unit.sync.company import order_body, submission
from tests.unit.sync.pushing import A, B, stored


@pytest.fixture
def installation(tmp_path: Path, postgres_url: str, clock: ManualClock) -> Iterator[Installation]:
    """An installation on PostgreSQL, where pushes are stored at once."""
    environment = {"SATCHEL_FOLDER": str(tmp_path / "instance"), "SATCHEL_DATABASE_URL": postgres_url}
    with install(read_settings(environment), clock) as installation:
        yield installation


def test_a_push_that_is_refused_at_once_is_repeated(
    installation: Installation, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Any] = []

    def refuse(*arguments: Any, **options: Any) -> int:
        calls.append(arguments)
        raise NotAdded("another transaction was faster")

    monkeypatch.setattr(additions, "publish", refuse)
    reply = phone.push(submission(A, order_body()), submission(B, order_body()))
    assert [result["status"] for result in reply.json["results"]] == ["received"] * 2
    assert len(calls) == 1
    assert stored(installation.sessions).keys() == {A, B}


def test_a_push_after_a_failover_begins_a_new_epoch_and_is_stored(
    installation: Installation, phone: Phone
) -> None:
    with installation.sessions() as session, session.begin():
        session.execute(update(FeedHead).values(lineage="7/00000001"))
    reply = phone.push(submission(A, order_body()))
    assert [result["status"] for result in reply.json["results"]] == ["received"]
    with installation.sessions() as session:
        assert len(session.scalars(select(FeedEpoch)).all()) == 2
