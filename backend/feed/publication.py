"""Publication: a transaction collects its changes and publishes them when it commits.

`publish()` takes the feed's lock, so it must come last: whatever a transaction does after it makes every other
publisher wait, and a row lock taken after it can deadlock. Callers therefore only queue a change; the step of
the commit publishes (`commit_steps`). A rollback discards the queued changes.
"""

from collections.abc import Callable

from sqlalchemy.orm import Session

from backend.database import commit_steps
from backend.database.commit_steps import CommitQueue, Step
from backend.feed import additions
from backend.feed.additions import Addition
from backend.feed.changes import publish
from backend.feed.live import Ref
from sync_protocol.change import Change

MakeChange = Callable[[], Change]
"""Returns the change as it stands now. It is called just before publication."""

_Entries = dict[Ref | None, MakeChange | Addition]
"""The changes by their records; the addition of the transaction, if it has one, by None."""


def queue(session: Session, ref: Ref, change: MakeChange) -> None:
    """Publish the record *ref* (collection, key) when *session* commits, as *change* returns it then.

    A record queued again is published once; the last *change* counts.
    """
    _queue.add(session, ref, change)


def queue_addition(session: Session, addition: Addition) -> None:
    """Insert the rows of *addition*, and publish their records, when *session* commits.

    Raises RuntimeError in a savepoint, and if there is one already.
    """
    if session.in_nested_transaction() or _queue.holds(session, None):
        raise RuntimeError("a transaction has one addition, and not in a savepoint")
    _queue.add(session, None, addition)


def publish_queued(session: Session) -> None:
    """Publish the queued changes now, for a caller that must know their position.

    The caller does as little as possible afterwards: it holds the feed's lock until the commit. Raises
    RuntimeError in a savepoint, and `NotAdded` if a row of an addition is not new.
    """
    if entries := _queue.take(session):
        _publish(session, entries, commits=False)


def _publish_and_commit(session: Session, entries: _Entries) -> None:
    _publish(session, entries, commits=True)


def _publish(session: Session, entries: _Entries, *, commits: bool) -> None:
    # Written before the lock is taken, so that no other publisher waits for it.
    session.flush()
    changes = {ref: entry for ref, entry in entries.items() if ref and not isinstance(entry, Addition)}
    addition = entries.get(None)
    if isinstance(addition, Addition):
        if not changes:
            additions.publish(session, addition, commits=commits and not commit_steps.is_pending(session))
            return
        additions.insert(session, addition)
        keys = [(addition.collection, key) for key in addition.each["id"]]
        changes = dict(zip(keys, addition.puts, strict=True)) | changes
    made = [change() for change in changes.values()]
    # Making a change may have left something to write: an audit entry, or an object.
    is_last = not (commit_steps.is_pending(session) or session.new or session.dirty or session.deleted)
    publish(session, made, commits=commits and is_last)


_queue: CommitQueue[Ref | None, MakeChange | Addition] = CommitQueue(Step.FEED, _publish_and_commit)
