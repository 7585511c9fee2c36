"""Two concurrent requests of one rep, stepped by hand: an original and the copy that replaces it."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.database.core import Sessions
from backend.inbox import supersession
from backend.inbox.models import Submission
from backend.sync.push import push
from tests.databases import engine_of, prepared
from tests.stateful.histories.stepping import Writer
from tests.unit.sync.company import master_data, order_body, reps, submission
from tests.unit.sync.replica import NOW, Replica

A, B, C = ("01KB000000000000000000000" + n for n in "123")
ORIGINAL = submission(B, order_body())


@pytest.fixture
def sessions(postgres_url: str) -> Iterator[Sessions]:
    """Sessions on PostgreSQL: SQLite has one writer at a time, from its first statement on."""
    maker = prepared(postgres_url)
    reps(maker)
    master_data(maker)
    yield maker
    engine_of(maker).dispose()


def pushing(*documents: object) -> Callable[[Session], object]:
    return lambda session: push(session, rep_id="R1", device_id="D1", submissions=list(documents), now=NOW)


def states(sessions: Sessions) -> dict[str, tuple[str, str | None]]:
    with sessions() as session:
        return {s.id: (s.state, s.superseded_by) for s in session.scalars(select(Submission))}


# The copy's id sorts before the original's or after it: the clock of a phone may have been set back.
@pytest.mark.parametrize("copy", [A, C])
@pytest.mark.parametrize("first", ["original", "copy"])
def test_concurrent_pushes_of_an_original_and_its_copy_keep_one(
    sessions: Sessions, first: str, copy: str
) -> None:
    documents = [ORIGINAL, submission(copy, order_body(), supersedes=B)]
    if first == "copy":
        documents.reverse()
    with sessions() as ahead, ahead.begin():
        # Everything is done but the commit; the other request sees nothing of it.
        pushing(documents[0])(ahead)
        behind = Writer(sessions, pushing(documents[1]))
        behind.runs_until_it_waits()
    behind.finish()
    assert behind.error is None
    assert states(sessions) == {B: ("superseded", copy), copy: ("queued", None)}
    records = Replica(sessions, "R1").sync().records("submissions")
    assert {id: record["state"] for id, record in records.items()} == {B: "superseded", copy: "queued"}


def test_two_reps_do_not_wait_for_each_other_before_the_feed(sessions: Sessions) -> None:
    with sessions() as ahead, ahead.begin():
        supersession.lock_rep(ahead, "R2")
        other = Writer(sessions, pushing(ORIGINAL))
        other.finish()
    assert states(sessions) == {B: ("queued", None)}
