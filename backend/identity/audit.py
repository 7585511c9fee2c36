"""The audit trail: actor, action, subject and time. Entries are never changed, and each one seals those before.

`record` only queues an entry. The queued entries are written when the outermost transaction commits, under the
lock of the chain, as the last step of the commit (`commit_steps`). A rollback discards what was queued.
"""

import datetime as dt
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from backend.database.commit_steps import CommitQueue, Step
from backend.database.core import after_commit, table_of
from backend.database.locks import advisory_lock
from backend.identity.audit_chain import entry_hash, newest
from backend.identity.models import AuditEntry

log = logging.getLogger("satchel.audit")


@dataclass(frozen=True)
class _Queued:
    at: dt.datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]


def record(
    session: Session,
    *,
    actor: str,
    action: str,
    subject: str,
    now: dt.datetime,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Add an entry, which is written when *session* commits.

    Args:
        actor: `device:<id>`, `user:<name>`, `address:<IP address>`, `worker` or `server`.
        action: Such as `device.revoked`.
        subject: The id of the device, rep, document or key that the action concerns.
        detail: JSON values without secrets. Its keys depend on *action*: what changed, and the reason `why`.
    """
    # What the entry is about is in the database, as the entry will be.
    session.flush()
    # As it will be read: the hash is over what the database gives back.
    plain = json.loads(json.dumps(dict(detail or {})))
    # No entry replaces another one.
    _queue.add(session, object(), _Queued(now, actor, action, subject, plain))


def entries(
    session: Session,
    *,
    subject: str | None = None,
    actor: str | None = None,
    action: str | None = None,
    limit: int = 100,
) -> list[AuditEntry]:
    """Return up to *limit* entries, newest first; only those of *subject*, *actor* and *action* if given."""
    statement = select(AuditEntry).order_by(AuditEntry.number.desc()).limit(limit)
    for column, value in (
        (AuditEntry.subject, subject),
        (AuditEntry.actor, actor),
        (AuditEntry.action, action),
    ):
        if value is not None:
            statement = statement.where(column == value)
    return list(session.scalars(statement))


def _write(session: Session, queued: dict[object, _Queued]) -> None:
    # Before the lock: a row lock that is taken after it could deadlock.
    session.flush()
    advisory_lock(session, "audit")
    newest_number, previous = newest(session)
    rows = []
    for number, each in enumerate(queued.values(), newest_number + 1):
        previous = entry_hash(previous, number, each.at, each.actor, each.action, each.subject, each.detail)
        rows.append({**vars(each), "number": number, "hash": previous})
    session.execute(insert(table_of(AuditEntry)), rows)
    after_commit(session, lambda: _log(rows))


def _log(rows: list[dict[str, Any]]) -> None:
    """Log number and hash of each entry: outside of the database, they show whether it lost entries."""
    for row in rows:
        log.info(
            "audit entry",
            extra={"number": row["number"], "action": row["action"], "hash": row["hash"]},
        )


_queue: CommitQueue[object, _Queued] = CommitQueue(Step.AUDIT, _write)
