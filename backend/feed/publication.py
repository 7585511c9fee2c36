"""Publication: a transaction collects its changes and publishes them as its last step.

`publish()` takes the feed's lock, so it must come last: whatever a transaction does after it makes every other
publisher wait, and a row lock taken after it can deadlock. Callers therefore only queue a change. A hook of the
session publishes when the outermost transaction commits, so no caller can forget it or do it too early.

A rollback discards the queued changes; a rollback to a savepoint those queued since the savepoint.
"""

from collections.abc import Callable

from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

from backend.feed.changes import publish
from backend.feed.live import Ref
from sync_protocol.change import Change

MakeChange = Callable[[], Change]
"""Returns the change as it stands now. It is called just before publication."""

_QUEUES = "feed.publication"
"""The key in `Session.info`: the queue of each transaction in progress, savepoints included."""


def queue(session: Session, ref: Ref, change: MakeChange) -> None:
    """Publish the record *ref* (collection, key) when *session* commits, as *change* returns it then.

    A record queued again is published once; the last *change* counts.
    """
    queues = session.info.setdefault(_QUEUES, {})
    queues.setdefault(_innermost(session) or session.begin(), {})[ref] = change


def publish_queued(session: Session) -> None:
    """Publish now what is queued, for a caller that must know the position of what it wrote.

    The caller does as little as possible afterwards: it holds the feed's lock until the commit.
    """
    # Written before the lock is taken, so that no other publisher waits for it.
    changes: dict[Ref, MakeChange] = {}
    for queued in session.info.pop(_QUEUES, {}).values():
        changes |= queued
    if changes:
        session.flush()
        publish(session, [change() for change in changes.values()])


def _innermost(session: Session) -> SessionTransaction | None:
    return session.get_nested_transaction() or session.get_transaction()


@event.listens_for(Session, "before_commit")
def _before_commit(session: Session) -> None:
    savepoint = session.get_nested_transaction()
    if savepoint is None:
        publish_queued(session)
        return
    queues = session.info.get(_QUEUES, {})
    if savepoint in queues and savepoint.parent is not None:
        queues.setdefault(savepoint.parent, {}).update(queues.pop(savepoint))


@event.listens_for(Session, "after_commit")
def _after_commit(session: Session) -> None:
    # SQLAlchemy tells an open savepoint, not the outer transaction, that the outer one commits.
    if session.get_nested_transaction() is None and any(session.info.get(_QUEUES, {}).values()):
        raise RuntimeError(
            "a transaction was committed with a savepoint open, so what it queued is not published; "
            "use `with session.begin_nested()`"
        )


@event.listens_for(Session, "after_transaction_end")
def _after_transaction_end(session: Session, transaction: SessionTransaction) -> None:
    # What is still queued here was rolled back: a commit has published it or moved it to the outer transaction.
    session.info.get(_QUEUES, {}).pop(transaction, None)
