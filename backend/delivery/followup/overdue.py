"""What has waited for a day without moving: somebody is told why, once. Nothing is sent by it."""

import datetime as dt
import logging
from collections.abc import Collection

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend.database.core import Sessions
from backend.delivery import breaker, sending_hold
from backend.delivery.queue.dependencies import blocking_dependency
from backend.erp.errors import ErrorClass
from backend.feed.changes import publish
from backend.inbox.models import Submission
from backend.inbox.submissions import as_record
from backend.receipts.receipts import missing
from sync_protocol.change import Put
from sync_protocol.submission import State

log = logging.getLogger(__name__)

OVERDUE = dt.timedelta(days=1)
"""After this time somebody is told that nothing has moved."""
_BATCH = 50


def flag_overdue(sessions: Sessions, connector: str, *, now: dt.datetime, kinds: Collection[str]) -> int:
    """Give a reason and an owner to what has not moved for a day; return how many were given one.

    That is what waits for a receipt, for the ERP's acknowledgement, or, queued, for anything else. *kinds*
    are those that *connector* can forward.
    """
    with sessions() as session, session.begin():
        stopped = breaker.is_open(session, connector) or sending_hold.in_force(session) is not None
        records = []
        for row in _overdue(session, now - OVERDUE):
            lacking = missing(session, row.rep, row.needs) if row.state == State.RECEIVED else []
            told = _reason(session, row, lacking, kinds, stopped)
            if told is None:
                continue
            row.owner, row.reason = told[0], told[1][:1000]
            row.updated_at = now
            log.warning("%s: %s", row.id, row.reason)
            records.append(Put("submissions", row.id, as_record(row, lacking)))
        session.flush()
        if records:
            publish(session, records)
        return len(records)


def _overdue(session: Session, old: dt.datetime) -> list[Submission]:
    state = Submission.state
    return list(
        session.scalars(
            select(Submission)
            .where(
                Submission.owner.is_(None),
                or_(
                    (state == State.HANDED_OVER.value) & (Submission.updated_at <= old),
                    (state == State.RECEIVED.value) & (Submission.received_at <= old),
                    # Each try touches the row, so what fails again and again is known by its first failure.
                    (state == State.QUEUED.value)
                    & ((Submission.updated_at <= old) | (Submission.first_failed_at <= old)),
                ),
            )
            .order_by(Submission.seq)
            .limit(_BATCH)
            .with_for_update(skip_locked=True)
        )
    )


def _reason(
    session: Session, row: Submission, lacking: list[str], kinds: Collection[str], stopped: bool
) -> tuple[str, str] | None:
    """Return who must act on *row* and why; None if it is about to go on by itself."""
    if row.state == State.HANDED_OVER:
        return "office", f"Handed over on {_at(row.updated_at)}; the ERP has not answered yet"
    if row.state == State.RECEIVED:
        return _without_receipts(row, lacking)
    if row.kind not in kinds:
        return "it", "The connection to the ERP cannot take this kind of document"
    hindrance = blocking_dependency(session, row)
    if hindrance is not None:
        # `claims` knows it again by these words and leaves them.
        reason, hopeless = hindrance
        return "office", reason if hopeless else f"{reason} since {_at(row.updated_at)}"
    if row.first_failed_at is not None and row.error_class == ErrorClass.TRANSIENT.value:
        return "office", f"The ERP has not taken it since {_at(row.first_failed_at)}: {row.reason}"
    if stopped:
        return "it", f"It has waited since {_at(row.updated_at)} because sending to the ERP is stopped"
    return "office", f"It has waited since {_at(row.updated_at)} for its turn to be sent to the ERP"


def _without_receipts(row: Submission, lacking: list[str]) -> tuple[str, str] | None:
    if not lacking:
        return None
    what = "A receipt of it has" if len(lacking) == 1 else f"{len(lacking)} receipts of it have"
    return "rep", (
        f"{what} not arrived since {_at(row.received_at)}: open the app while it is online, so that it can "
        "send what is missing, or send the document again without it"
    )


def _at(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
