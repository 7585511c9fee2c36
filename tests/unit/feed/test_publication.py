"""Publication: what a transaction queues is published when it commits, once and as its last act."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.database.core import Sessions
from backend.feed import positions
from backend.feed.changes import live
from backend.feed.publication import publish_queued, queue
from backend.identity.models import Rep
from sync_protocol.change import Change, Gone, Put

pytestmark = pytest.mark.both_dialects


def unit(id: str, name: str = "piece") -> Put:
    return Put("units", id, {"id": id, "name": name})


def queued(session: Session, change: Change) -> None:
    queue(session, (change.collection, change.key), lambda: change)


def name_of(sessions: Sessions, id: str) -> str | None:
    with sessions() as session:
        record = live(session, "units", id)
    return record and str(record["name"])


def head(sessions: Sessions) -> int:
    with sessions() as session:
        return positions.head(session).position


@contextmanager
def statements_of(sessions: Sessions) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        statements.append(" ".join(statement.split()))

    with sessions() as session:
        engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_a_queued_change_is_published_with_the_commit(sessions: Sessions) -> None:
    with sessions() as session, session.begin():
        queued(session, unit("u"))
        assert live(session, "units", "u") is None
    assert name_of(sessions, "u") == "piece"
    with sessions() as session, session.begin():
        queued(session, Gone("units", "u"))
    assert name_of(sessions, "u") is None


def test_the_record_is_made_at_the_commit_and_published_once(sessions: Sessions) -> None:
    names = ["first", "second"]
    with sessions() as session, session.begin():
        before = positions.head(session).position
        for _ in names:
            queue(session, ("units", "u"), lambda: unit("u", names[-1]))
        names.append("third")
    assert name_of(sessions, "u") == "third"
    # One record takes two positions: one for a tombstone, if it has to move.
    assert head(sessions) == before + 2


def test_the_feeds_lock_is_taken_after_everything_else(sessions: Sessions) -> None:
    with statements_of(sessions) as statements, sessions() as session, session.begin():
        queued(session, unit("u"))
        session.execute(insert(Rep).values(id="R1", name="One", role="sales", active=True))
        # Not flushed: the commit writes it, and must write it before the lock.
        session.add(Rep(id="R2", name="Two", role="sales", active=True))
    lock = next(n for n, statement in enumerate(statements) if statement.startswith("UPDATE feed_head"))
    assert all(" rep " not in statement for statement in statements[lock:])
    assert sum("INSERT INTO rep " in statement for statement in statements[:lock]) == 2


def test_nothing_is_published_after_a_rollback(sessions: Sessions) -> None:
    before = head(sessions)
    with sessions() as session:
        session.begin()
        queued(session, unit("u"))
        session.rollback()
        # The session is used again, as a web request's may be.
        with session.begin():
            queued(session, unit("v"))
    assert (name_of(sessions, "u"), name_of(sessions, "v")) == (None, "piece")
    with sessions() as session:
        session.begin()
        queued(session, unit("u"))
        session.close()
        session.begin()
        session.commit()
    assert head(sessions) == before + 2


def test_what_a_change_queues_is_committed_with_it(sessions: Sessions) -> None:
    """Making a change leaves an object that cannot be stored; then the change is not stored either."""
    with sessions() as session, session.begin():
        session.add(Rep(id="R1", name="One", role="sales", active=True))

    def make(session: Session) -> Change:
        session.add(Rep(id="R1", name="Again", role="sales", active=True))
        return unit("u")

    with pytest.raises(IntegrityError), sessions() as session, session.begin():
        queue(session, ("units", "u"), lambda: make(session))
    assert name_of(sessions, "u") is None


def test_a_rollback_to_a_savepoint_forgets_what_was_queued_since(sessions: Sessions) -> None:
    with sessions() as session, session.begin():
        queued(session, unit("u", "outside"))
        with pytest.raises(LookupError), session.begin_nested():
            queued(session, unit("u", "inside"))
            with session.begin_nested():
                queued(session, unit("v"))
            raise LookupError
        with session.begin_nested():
            queued(session, unit("w"))
            at_savepoint = positions.head(session).position
        # The end of a savepoint publishes nothing: more may follow.
        assert positions.head(session).position == at_savepoint
    assert [name_of(sessions, id) for id in "uvw"] == ["outside", None, "piece"]


def test_a_caller_may_publish_early_to_know_the_position(sessions: Sessions) -> None:
    with sessions() as session, session.begin():
        queued(session, unit("u"))
        publish_queued(session)
        position = positions.head(session).position
    assert head(sessions) == position
    assert name_of(sessions, "u") == "piece"


def test_a_transaction_that_queued_nothing_takes_no_statement_more(sessions: Sessions) -> None:
    with statements_of(sessions) as statements, sessions() as session, session.begin():
        positions.head(session)
    assert [s for s in statements if not s.startswith("BEGIN")] == statements[-1:]


def test_a_commit_over_an_open_savepoint_is_an_error_and_not_silent(sessions: Sessions) -> None:
    with pytest.raises(RuntimeError, match="with a savepoint open"), sessions() as session, session.begin():
        session.begin_nested()
        queued(session, unit("a"))
