"""Stores what a device pushes, in a transaction that is committed on return.

Separate from the routes: a push is also answered before Flask handles it, and then no request of Flask exists.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from backend import doorbell, metrics
from backend.api import quota
from backend.api.quota import Used
from backend.api.services import Services
from backend.database.core import is_postgresql
from backend.failpoints import failpoint
from backend.feed import positions
from backend.feed.additions import NotAdded
from backend.feed.publication import publish_queued
from backend.identity import principals
from backend.identity.principals import Principal
from backend.identity.tokens import AccessToken
from backend.inbox.restored import LossNotNoticed, newest_loss
from backend.sync import push, push_reads
from backend.sync.push_reads import Documents
from sync_protocol.push import ResultJson


@dataclass(frozen=True)
class Pushing:
    """A device that pushes, as it was authenticated before the body was read."""

    services: Services
    engine: Engine
    token: AccessToken
    principal: Principal
    used: Used
    """What its rep has sent today."""


def store(pushing: Pushing, submissions: list[Any], *, received: int) -> list[ResultJson]:
    """Store *submissions*, which came in *received* bytes.

    Raises a `quota_exceeded` problem, `PushTooLarge`, and what `principals.check` raises: the device may have
    been revoked while the body arrived. Then nothing is stored.

    Returns:
        One result per submission, in their order, as in `results` of `PushReplySchema`.
    """
    if not submissions:
        return []
    quota.require_documents(pushing.services, pushing.used)
    documents = push.parsed(submissions)
    try:
        results = _stored(pushing, documents)
    except (NotAdded, LossNotNoticed):
        # Rare, and nothing is stored: another transaction has stored one of them, or a standby was promoted.
        results = _stored_step_by_step(pushing, submissions)
    failpoint("push.after_commit")
    metrics.count_push(results, received)
    # After the commit; otherwise the worker could look before the rows are visible.
    doorbell.ring(pushing.services.settings)
    return results


def _stored(pushing: Pushing, documents: Documents) -> list[ResultJson]:
    """Store *documents* in two round trips: one reads, and one writes and commits.

    Raises `NotAdded` and `LossNotNoticed`.
    """
    now, rep = pushing.services.clock.now(), pushing.principal.rep
    with _transaction(pushing) as session:
        principal, (row, reads) = push_reads.read_with_principal(session, pushing.token, rep, documents, now)
        results = push.store(
            session,
            rep_id=principal.rep,
            device_id=principal.device,
            documents=documents,
            reads=reads,
            loss=newest_loss(session, now, epoch=row),
            now=now,
            at_commit=is_postgresql(session),
        )
        _note_pushed(pushing, session)
    return results


def _stored_step_by_step(pushing: Pushing, submissions: list[Any]) -> list[ResultJson]:
    with _transaction(pushing) as session:
        principal = principals.read_to_write(session.connection(), pushing.token)
        results = push.push(
            session,
            rep_id=principal.rep,
            device_id=principal.device,
            submissions=submissions,
            now=pushing.services.clock.now(),
        )
        _note_pushed(pushing, session)
    return results


@contextmanager
def _transaction(pushing: Pushing) -> Iterator[Session]:
    """Yield a session in a transaction. The device's row must be read again in it, with `LOCKING_QUERY`."""
    with Session(pushing.engine, expire_on_commit=False) as session, session.begin():
        principals.note_seen(session, pushing.principal, pushing.services.clock.now())
        if pushing.services.standby is not None:
            # Before the rep's lock is taken, as when a receipt arrives.
            principals.lock_device(session, pushing.principal.device)
        yield session


def _note_pushed(pushing: Pushing, session: Session) -> None:
    """Note on the device what was pushed, if there is a standby, which may not have it yet."""
    if pushing.services.standby is not None:
        # The head below must include what this push publishes.
        publish_queued(session)
        principals.note_pushed(session, pushing.principal.device, positions.head(session).position)
    failpoint("push.before_commit")
