"""The hold: after a restore, or a failover that may have lost the tail, the ERP is asked before it is sent to.

Our database may have forgotten what it sent; or the ERP has, when a backup of it was put back. Phones are
never refused meanwhile: what they push is stored and waits. For our own memory the hold is the current
epoch itself, as long as it is not reconciled, so that it begins in the very transaction in which the epoch
does, and no forwarder can come between the two. For the ERP's it is a row, which a reconciliation writes.
"""

import datetime as dt
import logging
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Select, and_, exists, select
from sqlalchemy.orm import Session

from backend.database.bulk import dialect_of
from backend.delivery.models import ErpDataLoss
from backend.feed import epochs, positions
from backend.identity import audit
from backend.identity.models import AuditEntry

log = logging.getLogger(__name__)

BEGAN = "epoch.begun"
RECONCILED = "epoch.reconciled"
NEXT_STEP = "run `satchel delivery reconcile`"

ERP_HELD = "erp.held"
ERP_RELEASED = "erp.released"
ERP_LOST = "erp_lost"
_ERP = "erp:"

_WHY = {
    positions.EpochCause.RESTORE.value: "a backup was restored",
    positions.EpochCause.LINEAGE.value: "a standby was promoted, and what it had not received yet may be lost",
    ERP_LOST: "the ERP has lost documents that it had accepted, as after a backup of it was put back",
}


@dataclass(frozen=True)
class Hold:
    """Why nothing is sent, and since when. *subject* is what the audit trail calls it."""

    subject: str
    since: dt.datetime
    cause: str
    detail: str = ""

    @property
    def message(self) -> str:
        """Return one sentence for an operator."""
        return (
            f"Nothing is sent to the ERP since {self.since:%Y-%m-%d %H:%M} UTC, because "
            f"{_WHY.get(self.cause, self.cause)}{self.detail}: it must be asked first what it has "
            f"{'left' if self.cause == ERP_LOST else 'already'}"
        )


def all_in_force(session: Session) -> list[Hold]:
    """Return the holds there are, that of our own memory first. It changes nothing."""
    epoch = epochs.unreconciled(session)
    holds = [Hold(epoch.epoch, epoch.began_at, epoch.cause)] if epoch is not None else []
    for lost in session.scalars(select(ErpDataLoss).execution_options(populate_existing=True)):
        detail = f" ({lost.missing} documents sent since {lost.sent_from:%Y-%m-%d %H:%M} UTC are gone)"
        holds.append(Hold(f"{_ERP}{lost.connector}", lost.since, ERP_LOST, detail))
    return holds


def in_force(session: Session) -> Hold | None:
    """Return the hold, or the first of them, if there is one. It changes nothing."""
    return next(iter(all_in_force(session)), None)


def hold_for_erp_loss(
    session: Session, connector: str, missing: int, sent_from: dt.datetime, now: dt.datetime
) -> None:
    """Hold sending because the ERP has lost *vanished* documents that were sent from *sent_from* on."""
    known = session.get(ErpDataLoss, connector)
    if known is not None:
        known.missing, known.sent_from = max(known.missing, missing), min(known.sent_from, sent_from)
        session.flush()
        return
    session.add(ErpDataLoss(connector=connector, since=now, missing=missing, sent_from=sent_from))
    session.flush()
    audit.record(
        session, actor="server", action=ERP_HELD, subject=f"{_ERP}{connector}", now=now,
        detail={"missing": missing, "sent_from": sent_from.isoformat()},
    )  # fmt: skip
    log.error(
        "%s shows none of %d documents that were sent from %s on, so a backup of it was probably put back; "
        "nothing is sent until `satchel delivery reconcile` has been run", connector, missing, sent_from,
    )  # fmt: skip


def erp_loss(session: Session, connector: str) -> ErpDataLoss | None:
    """Return since when *connector*'s ERP is known to have lost documents, or None."""
    return session.get(ErpDataLoss, connector, populate_existing=True)


@cache
def _no_hold(dialect: str) -> Select[tuple[bool]]:
    """Return the statement that says in one question, before every claim, that there is no hold."""
    return select(
        and_(
            positions.is_current_lineage(dialect),
            ~epochs.is_unreconciled(),
            ~exists(select(ErpDataLoss.connector)),
        )
    )


def check(session: Session, now: dt.datetime) -> Hold | None:
    """Return the hold, and begin it if this database turns out to be another one than it was.

    Whoever is about to send asks this, in the transaction in which it would claim. The first to see a new
    epoch enters it into the audit trail.
    """
    if session.connection().scalar(_no_hold(dialect_of(session))):
        return None
    positions.detect_failover(session)
    hold = in_force(session)
    if (
        hold is not None
        and hold.cause != ERP_LOST
        and not session.scalar(
            select(exists().where(AuditEntry.action == BEGAN, AuditEntry.subject == hold.subject))
        )
    ):
        audit_start(session, hold, "server", now)
    return hold


def audit_start(session: Session, hold: Hold, actor: str, now: dt.datetime) -> None:
    """Enter the beginning of *hold* into the audit trail."""
    audit.record(
        session, actor=actor, action=BEGAN, subject=hold.subject, now=now, detail={"cause": hold.cause}
    )


def release(session: Session, hold: Hold, actor: str, now: dt.datetime, detail: dict[str, int]) -> bool:
    """End *hold*; *detail* says what the ERP answered. Return False if it is not in force any more."""
    if hold.cause == ERP_LOST:
        gone = session.get(ErpDataLoss, hold.subject.removeprefix(_ERP))
        if gone is None:
            return False
        session.delete(gone)
    elif not epochs.reconciled(session, hold.subject, now):
        return False
    action = ERP_RELEASED if hold.cause == ERP_LOST else RECONCILED
    audit.record(session, actor=actor, action=action, subject=hold.subject, now=now, detail=detail)
    log.warning("sending to the ERP goes on: %s is reconciled (%s)", hold.subject, detail)
    return True
