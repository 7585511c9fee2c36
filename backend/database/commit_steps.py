"""What a transaction does last: it collects entries while it runs, and writes them when it commits.

Each kind of entry has a step. A step takes a lock for which other transactions wait. So the steps come last, in
the order of `Step` in every process: two locks that are taken in two orders can deadlock. Callers only queue an
entry, so nobody can forget a step or take its lock too early. A subclass of Session would not do: `with
session.begin()` commits the transaction object, and never calls `Session.commit`.

A rollback discards the entries, a rollback to a savepoint those that were queued since the savepoint.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import Any, Generic, TypeVar

from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

_QUEUES = "database.commit_steps"
"""The key in `Session.info`: by step, the entries of each transaction in progress, savepoints included."""

Key = TypeVar("Key")
Entry = TypeVar("Entry")


class Step(IntEnum):
    """The steps of a commit, in their order."""

    FEED = 1
    """Publish changes, under the feed's lock."""
    AUDIT = 2
    """Write audit entries, under the lock of their chain."""


class CommitQueue(Generic[Key, Entry]):
    """The queue of one step. *write* gets the entries by their keys, in the order in which the keys came."""

    def __init__(self, step: Step, write: Callable[[Session, dict[Key, Entry]], None]) -> None:
        self._step, self.write = step, write
        _steps[step] = self

    def add(self, session: Session, key: Key, entry: Entry) -> None:
        """Queue *entry*, in place of one of the same *key*, until the outermost transaction commits."""
        innermost = session.get_nested_transaction() or session.get_transaction() or session.begin()
        self._of(session).setdefault(innermost, {})[key] = entry

    def holds(self, session: Session, key: Key) -> bool:
        """Say whether an entry of *key* is queued."""
        return any(key in entries for entries in self._of(session).values())

    def take(self, session: Session) -> dict[Key, Entry]:
        """Return what is queued, and queue it no longer.

        Raises RuntimeError in a savepoint: its rollback would lose what the outer transaction has queued.
        """
        if session.in_nested_transaction():
            raise RuntimeError("what is queued is not written in a savepoint")
        taken: dict[Key, Entry] = {}
        for entries in self._queues(session).pop(self._step, {}).values():
            taken |= entries
        return taken

    def _of(self, session: Session) -> dict[SessionTransaction, dict[Key, Entry]]:
        of_step: dict[SessionTransaction, dict[Key, Entry]] = self._queues(session).setdefault(self._step, {})
        return of_step

    @staticmethod
    def _queues(session: Session) -> dict[Step, Any]:
        queues: dict[Step, Any] = session.info.setdefault(_QUEUES, {})
        return queues


_steps: dict[Step, CommitQueue[Any, Any]] = {}


def is_pending(session: Session) -> bool:
    """Say whether the transaction of *session* still has entries to write when it commits."""
    return any(entries for of_step in session.info.get(_QUEUES, {}).values() for entries in of_step.values())


@event.listens_for(Session, "before_commit")
def _before_commit(session: Session) -> None:
    queues = session.info.get(_QUEUES)
    if not queues:
        return
    savepoint = session.get_nested_transaction()
    if savepoint is None:
        for step in Step:
            # A step may queue entries of a later one, never of an earlier one.
            if step in queues and (entries := _steps[step].take(session)):
                _steps[step].write(session, entries)
        if is_pending(session):
            raise RuntimeError("a step of the commit queued an entry for itself or for an earlier step")
        return
    for of_step in queues.values():
        if savepoint in of_step and savepoint.parent is not None:
            of_step.setdefault(savepoint.parent, {}).update(of_step.pop(savepoint))


@event.listens_for(Session, "after_commit")
def _after_commit(session: Session) -> None:
    # SQLAlchemy tells an open savepoint, not the outer transaction, that the outer one commits.
    if is_pending(session) and session.get_nested_transaction() is None:
        raise RuntimeError(
            "a transaction was committed with a savepoint open, so what it queued is not written; "
            "use `with session.begin_nested()`"
        )


@event.listens_for(Session, "after_transaction_end")
def _after_transaction_end(session: Session, transaction: SessionTransaction) -> None:
    # What is still queued was rolled back: a commit has written it or moved it to the outer transaction.
    for of_step in session.info.get(_QUEUES, {}).values():
        of_step.pop(transaction, None)
