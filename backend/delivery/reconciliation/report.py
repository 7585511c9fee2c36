"""Report: the counts and findings of a reconciliation, and their row in the database."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.delivery.models import Reconciliation
from sync_protocol.submission import State

SENT = (State.ACCEPTED.value, State.HANDED_OVER.value, State.ON_HOLD.value)
"""States of a document that the ERP has, by our database."""
MAX_LINES = 200
"""How many sentences of one report are kept."""


@dataclass(frozen=True)
class MissingDocument:
    """A document that the ERP had and no longer shows, and when it was sent."""

    id: str
    sent_at: dt.datetime | None


@dataclass
class Report:
    """What the ERP answered. Each document is counted once, and once more in `sent`; `lines` are findings."""

    sent: int = 0
    """Documents that our database says the ERP has, and that it was asked about."""
    found: int = 0
    """Of those: it has exactly one, with an equal total."""
    missing: int = 0
    """Of those: it does not show them."""
    doubled: int = 0
    """It has the document more than once, or under another id than we know."""
    differing: int = 0
    """It has one with another total, or one that is no longer done there."""
    settled: int = 0
    """Our database says unsent or open, and the ERP has it: settled here."""
    waiting: int = 0
    """Our database says unsent or open, and the ERP does not have it: it is sent when sending continues."""
    unchecked: int = 0
    """The ERP could not be asked about it, or a worker is sending it now."""
    lines: list[str] = field(default_factory=list)
    missing_documents: list[MissingDocument] = field(default_factory=list)
    """The documents counted in `missing`."""
    half_done: list[str] = field(default_factory=list)
    """Ids of documents that were done in the ERP and no longer are."""

    @property
    def clean(self) -> bool:
        """Whether sending can continue without a person looking first."""
        return not (self.missing or self.doubled or self.half_done or self.unchecked)

    def counts(self) -> dict[str, int]:
        """Return the counts by name."""
        return {name: value for name, value in vars(self).items() if isinstance(value, int)}

    def add(self, outcome: str, *, sent: bool = False) -> None:
        """Count a document under *outcome*, the name of one of the counts."""
        setattr(self, outcome, getattr(self, outcome) + 1)
        self.sent += sent


def save(
    session: Session,
    connector: str,
    report: Report,
    *,
    cause: str,
    began_at: dt.datetime,
    ended_at: dt.datetime,
    since: dt.datetime,
) -> None:
    """Store *report* of a reconciliation that ran in one go, and whose *cause* is `command`."""
    session.add(
        Reconciliation(
            connector=connector, cause=cause, began_at=began_at, ended_at=ended_at, since=since,
            before_seq=None, counts=report.counts(), lines=report.lines[:MAX_LINES], missing_documents=[],
        )
    )  # fmt: skip
    session.flush()


def newest(session: Session, limit: int) -> Sequence[Reconciliation]:
    """Return the *limit* newest finished reconciliations, newest first."""
    return session.scalars(
        select(Reconciliation)
        .where(Reconciliation.ended_at.is_not(None))
        .order_by(Reconciliation.ended_at.desc(), Reconciliation.id.desc())
        .limit(limit)
    ).all()
