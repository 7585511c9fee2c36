"""Sending hold: nothing is sent until the ERP and our database have been compared.

It begins when our database may have lost what it sent (a restore, or a failover that may have lost the last
transactions), or when the ERP has lost documents (a backup of it was restored). Phones can still push:
documents are stored and wait.

For our own loss, the hold is the current epoch of the feed as long as it is not reconciled. So the hold begins
in the same transaction as the epoch, and no forwarder can send between the two. For the ERP's loss it is a row
that a reconciliation writes.
"""

import datetime as dt
import logging
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import Session

from backend.database.bulk import dialect_of
from backend.delivery.models import ErpDataLoss
from backend.feed import epochs, positions
from backend.identity import audit
from backend.inbox.restored import newest_loss
from sync_protocol.local_time import local_time

log = logging.getLogger(__name__)

RECONCILED = "epoch.reconciled"
NEXT_STEP = "run `satchel delivery reconcile`, which looks up what the ERP has"
"""What an operator does about a hold. Give it beside `Hold.message`, which does not contain it."""

ERP_HELD = "erp.held"
ERP_RELEASED = "erp.released"
ERP_LOST = "erp_lost"
_ERP = "erp:"

_WHY = {
    positions.EpochCause.RESTORE.value: "a backup was restored",
    positions.EpochCause.LINEAGE.value: "a standby was promoted, and what it had not received yet may be lost",
    ERP_LOST: "the ERP has lost documents that it had accepted, probably because a backup was restored",
}


@dataclass(frozen=True)
class Hold:
    """Why nothing is sent, and since when. *subject* is its name in the audit trail."""

    subject: str
    since: dt.datetime
    cause: str
    detail: str = ""

    @property
    def message(self) -> str:
        """Return one sentence for an operator, without a full stop."""
        return (
            f"Sending has been on hold since {local_time(self.since)} because "
            f"{_WHY.get(self.cause, self.cause)}{self.detail}"
        )


def all_in_force(session: Session) -> list[Hold]:
    """Return all holds, first the one for our own loss. Nothing is changed."""
    epoch = epochs.unreconciled(session)
    holds = [Hold(epoch.epoch, epoch.began_at, epoch.cause)] if epoch is not None else []
    for loss in session.scalars(select(ErpDataLoss).execution_options(populate_existing=True)):
        detail = f" ({loss.missing} documents sent since {local_time(loss.sent_from)} are missing)"
        holds.append(Hold(f"{_ERP}{loss.connector}", loss.since, ERP_LOST, detail))
    return holds


def in_force(session: Session) -> Hold | None:
    """Return the first hold, or None. Nothing is changed."""
    return next(iter(all_in_force(session)), None)


def hold_for_erp_loss(
    session: Session, connector: str, missing: int, sent_from: dt.datetime, now: dt.datetime
) -> None:
    """Stop sending because the ERP has lost *missing* documents that were sent from *sent_from* on."""
    loss = session.get(ErpDataLoss, connector)
    if loss is not None:
        loss.missing, loss.sent_from = max(loss.missing, missing), min(loss.sent_from, sent_from)
        session.flush()
        return
    session.add(ErpDataLoss(connector=connector, since=now, missing=missing, sent_from=sent_from))
    session.flush()
    audit.record(
        session, actor="server", action=ERP_HELD, subject=f"{_ERP}{connector}", now=now,
        detail={"missing": missing, "sent_from": sent_from.isoformat()},
    )  # fmt: skip
    log.error(
        "%s shows none of %d documents that were sent from %s on, so a backup of it was probably restored; "
        "sending is on hold until `satchel delivery reconcile` has been run", connector, missing, sent_from,
    )  # fmt: skip


def erp_loss(session: Session, connector: str) -> ErpDataLoss | None:
    """Return the known loss of documents in the ERP of *connector*, or None."""
    return session.get(ErpDataLoss, connector, populate_existing=True)


def no_hold(dialect: str) -> ColumnElement[bool]:
    """Return the SQL condition that there is no hold; it is asked before every lease."""
    return and_(
        positions.is_current_lineage(dialect),
        ~epochs.is_unreconciled(),
        ~exists(select(ErpDataLoss.connector)),
    )


def check(session: Session, now: dt.datetime) -> Hold | None:
    """Return the hold, if there is one; begin one if this database is on another lineage than before."""
    return None if session.scalar(select(no_hold(dialect_of(session)))) else begin_or_find(session, now)


def begin_or_find(session: Session, now: dt.datetime) -> Hold | None:
    """Return the hold after `no_hold` was false; begin one if this database is on another lineage than before.

    Call it before a document is leased, in the same transaction.
    """
    newest_loss(session, now)
    return in_force(session)


def release(session: Session, hold: Hold, actor: str, now: dt.datetime, detail: dict[str, int]) -> bool:
    """End *hold*; return False if it has ended already. *detail*: the counts, for the audit trail."""
    if hold.cause == ERP_LOST:
        loss = session.get(ErpDataLoss, hold.subject.removeprefix(_ERP))
        if loss is None:
            return False
        session.delete(loss)
    elif not epochs.mark_reconciled(session, hold.subject, now):
        return False
    action = ERP_RELEASED if hold.cause == ERP_LOST else RECONCILED
    audit.record(session, actor=actor, action=action, subject=hold.subject, now=now, detail=detail)
    log.warning("sending to the ERP continues: %s is reconciled (%s)", hold.subject, detail)
    return True
