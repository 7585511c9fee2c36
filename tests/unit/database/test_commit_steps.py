"""What a transaction queues is written at its end, step by step in one order, whoever queued first."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy.orm import Session

from backend.clock import ManualClock
from backend.database import commit_steps
from backend.database.commit_steps import CommitQueue, Step
from backend.database.core import Sessions
from backend.feed import publication
from backend.feed.changes import live
from backend.identity import audit
from tests.unit.sync.company import unit

Write = Callable[[Session, dict[Any, Any]], None]


@pytest.fixture
def written() -> list[dict[str, int]]:
    """The entries of each commit that had some in the queue of this test."""
    return []


@pytest.fixture
def queue(written: list[dict[str, int]], monkeypatch: pytest.MonkeyPatch) -> Iterator[CommitQueue[str, int]]:
    """A queue in place of the audit trail's."""
    monkeypatch.setattr(commit_steps, "_steps", dict(commit_steps._steps))
    yield CommitQueue(Step.AUDIT, lambda session, entries: written.append(entries))


def wrap(monkeypatch: pytest.MonkeyPatch, step: Step, wrapper: Callable[[Write], Write]) -> None:
    queue = commit_steps._steps[step]
    monkeypatch.setattr(queue, "write", wrapper(queue.write))


def test_the_feeds_step_comes_before_the_audit_trails(
    sessions: Sessions, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[Step] = []

    def noting(step: Step) -> Callable[[Write], Write]:
        def wrapper(write: Write) -> Write:
            def noted(session: Session, entries: dict[Any, Any]) -> None:
                order.append(step)
                write(session, entries)

            return noted

        return wrapper

    for step in Step:
        wrap(monkeypatch, step, noting(step))
    with sessions() as session, session.begin():
        audit.record(session, actor="server", action="a", subject="s", now=clock.now())
        publication.queue(session, ("units", "u"), lambda: unit())
    assert order == [Step.FEED, Step.AUDIT] == sorted(Step)


def test_a_later_step_that_fails_takes_back_the_earlier_one(
    sessions: Sessions, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(write: Write) -> Write:
        def failed(session: Session, entries: dict[Any, Any]) -> None:
            write(session, entries)
            raise LookupError

        return failed

    wrap(monkeypatch, Step.AUDIT, failing)
    with pytest.raises(LookupError), sessions() as session, session.begin():
        publication.queue(session, ("units", "u"), lambda: unit("u"))
        audit.record(session, actor="server", action="a", subject="s", now=clock.now())
    with sessions() as session:
        assert live(session, "units", "u") is None
        assert audit.entries(session, subject="s") == []


def test_a_step_that_queues_for_an_earlier_one_commits_nothing(
    sessions: Sessions, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def queueing(write: Write) -> Write:
        def queued(session: Session, entries: dict[Any, Any]) -> None:
            write(session, entries)
            publication.queue(session, ("units", "late"), lambda: unit("late"))

        return queued

    wrap(monkeypatch, Step.AUDIT, queueing)
    refused = pytest.raises(RuntimeError, match="for itself or for an earlier step")
    with refused, sessions() as session, session.begin():
        audit.record(session, actor="server", action="a", subject="s", now=clock.now())
    with sessions() as session:
        assert audit.entries(session, subject="s") == []


def test_an_entry_replaces_one_of_the_same_key_in_its_place(
    sessions: Sessions, queue: CommitQueue[str, int], written: list[dict[str, int]]
) -> None:
    with sessions() as session, session.begin():
        queue.add(session, "a", 1)
        queue.add(session, "b", 2)
        with session.begin_nested():
            queue.add(session, "a", 3)
    assert [list(entries.items()) for entries in written] == [[("a", 3), ("b", 2)]]


def test_a_rollback_to_a_savepoint_keeps_what_was_queued_before_it(
    sessions: Sessions, queue: CommitQueue[str, int], written: list[dict[str, int]]
) -> None:
    with sessions() as session, session.begin():
        queue.add(session, "a", 1)
        with pytest.raises(LookupError), session.begin_nested():
            queue.add(session, "a", 2)
            with session.begin_nested():
                queue.add(session, "b", 3)
            assert queue.holds(session, "b"), "the inner savepoint is kept as long as the outer one is"
            raise LookupError
        assert queue.holds(session, "a")
        assert not queue.holds(session, "b")
    assert written == [{"a": 1}]


def test_nothing_is_pending_after_the_end_of_a_transaction(
    sessions: Sessions, queue: CommitQueue[str, int], written: list[dict[str, int]]
) -> None:
    with sessions() as session:
        for end in (session.rollback, session.commit, session.close):
            assert not commit_steps.is_pending(session)
            assert not queue.holds(session, "a")
            queue.add(session, "a", 1)
            assert queue.holds(session, "a")
            assert commit_steps.is_pending(session)
            end()
        assert not commit_steps.is_pending(session)
        assert not queue.holds(session, "a")
    assert written == [{"a": 1}]


def test_sessions_at_the_same_time_have_queues_of_their_own(
    sessions: Sessions, queue: CommitQueue[str, int], written: list[dict[str, int]]
) -> None:
    with sessions() as session, sessions() as other:
        queue.add(session, "a", 1)
        queue.add(other, "a", 2)
        other.rollback()
        assert not queue.holds(other, "a")
        assert queue.holds(session, "a")
        queue.add(other, "b", 3)
        session.commit()
        assert written == [{"a": 1}]
        assert commit_steps.is_pending(other)
        other.commit()
    assert written == [{"a": 1}, {"b": 3}]


def test_entries_are_not_taken_in_a_savepoint_whose_rollback_would_lose_them(
    sessions: Sessions, queue: CommitQueue[str, int], written: list[dict[str, int]]
) -> None:
    with sessions() as session, session.begin():
        queue.add(session, "a", 1)
        with pytest.raises(RuntimeError, match="in a savepoint"), session.begin_nested():
            queue.take(session)
    assert written == [{"a": 1}]


def test_publishing_early_in_a_savepoint_is_refused_and_loses_nothing(sessions: Sessions) -> None:
    with sessions() as session, session.begin():
        publication.queue(session, ("units", "u"), lambda: unit("u"))
        with pytest.raises(RuntimeError, match="in a savepoint"), session.begin_nested():
            publication.publish_queued(session)
    with sessions() as session:
        assert live(session, "units", "u") is not None
