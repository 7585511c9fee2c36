"""The hold: after a restore, or a failover that may have lost the tail, the ERP is asked before it is sent to.

Our database may have forgotten what it sent. Phones are never refused meanwhile: what they push is stored
and waits. The hold is the current epoch itself, as long as it is not reconciled, so that it begins in the
very transaction in which the epoch does, and no forwarder can come between the two.
"""

import datetime as dt
import logging
from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from backend.feed import epochs, positions
from backend.identity import audit
from backend.identity.models import AuditEntry

log = logging.getLogger(__name__)

BEGAN = "epoch.begun"
RECONCILED = "epoch.reconciled"
NEXT_STEP = "run `satchel delivery reconcile`"

_WHY = {
    positions.Cause.RESTORE.value: "a backup was restored",
    positions.Cause.LINEAGE.value: "a standby was promoted, and what it had not received yet may be lost",
}


@dataclass(frozen=True)
class Hold:
    """Why nothing is sent, and since when."""

    epoch: str
    since: dt.datetime
    cause: str

    @property
    def words(self) -> str:
        """Return one sentence for an operator."""
        return (
            f"Nothing is sent to the ERP since {self.since:%Y-%m-%d %H:%M} UTC, because "
            f"{_WHY.get(self.cause, self.cause)}: it must be asked first what it has already"
        )


def in_force(session: Session) -> Hold | None:
    """Return the hold, if there is one. It changes nothing."""
    found = epochs.unreconciled(session)
    return Hold(found.epoch, found.began_at, found.cause) if found is not None else None


def noticed(session: Session, now: dt.datetime) -> Hold | None:
    """Return the hold, and begin it if this database turns out to be another one than it was.

    Whoever is about to send asks this, in the transaction in which it would claim. The first to see a new
    epoch enters it into the audit trail.
    """
    positions.notice(session)
    hold = in_force(session)
    if hold is not None and not session.scalar(
        select(exists().where(AuditEntry.action == BEGAN, AuditEntry.subject == hold.epoch))
    ):
        tell(session, hold, "server", now)
    return hold


def tell(session: Session, hold: Hold, actor: str, now: dt.datetime) -> None:
    """Enter the beginning of *hold* into the audit trail."""
    audit.record(session, actor=actor, action=BEGAN, subject=hold.epoch, now=now, detail={"cause": hold.cause})


def release(session: Session, hold: Hold, actor: str, now: dt.datetime, detail: dict[str, int]) -> bool:
    """End *hold*; *detail* says what the ERP answered. Return False if it is not in force any more."""
    if not epochs.reconciled(session, hold.epoch, now):
        return False
    audit.record(session, actor=actor, action=RECONCILED, subject=hold.epoch, now=now, detail=detail)
    log.warning("sending to the ERP goes on: epoch %s is reconciled (%s)", hold.epoch, detail)
    return True
