"""The report of a reconciliation: what was asked about, what the ERP answered, and what is kept of it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.delivery.models import Reconciliation

MAX_LINES = 200
"""So many sentences of one report are kept."""


@dataclass(frozen=True)
class MissingDocument:
    """A document that the ERP had and does not show any more, and when it was sent."""

    id: str
    sent_at: dt.datetime | None


@dataclass
class Report:
    """What the ERP answered, each document counted once beside `sent`; `lines` tell what somebody must see."""

    sent: int = 0
    """Documents that we believe the ERP has, and that it was asked about."""
    found: int = 0
    """Of those: it has exactly one, with an equal total."""
    missing: int = 0
    """Of those: it does not show it."""
    doubled: int = 0
    """It has the document more than once, or under another id than we know."""
    differing: int = 0
    """It has one, with another total, or it has gone back to a state in which it is not done."""
    settled: int = 0
    """We believed it unsent or open, and the ERP has it: settled here."""
    waiting: int = 0
    """We believe it unsent or open, and the ERP does not have it: it is sent once sending goes on."""
    unclear: int = 0
    """It could not be asked about, or somebody else holds the document now."""
    lines: list[str] = field(default_factory=list)
    missing_documents: list[MissingDocument] = field(default_factory=list)
    """Those that are missing."""
    half_done: list[str] = field(default_factory=list)
    """Those that the ERP has in a state in which it is not done, though it had been."""

    @property
    def clean(self) -> bool:
        """Whether nobody needs to look before sending goes on."""
        return not (self.missing or self.doubled or self.half_done or self.unclear)

    def counts(self) -> dict[str, int]:
        """Return the numbers by name."""
        return {name: value for name, value in vars(self).items() if isinstance(value, int)}

    def add(self, outcome: str, *, sent: bool = False) -> None:
        """Count a document under *outcome*, the name of one of the numbers."""
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
    """Keep *report* of a reconciliation that was run at once."""
    session.add(
        Reconciliation(
            connector=connector, cause=cause, began_at=began_at, ended_at=ended_at, since=since,
            before_seq=None, counts=report.counts(), lines=report.lines[:MAX_LINES], missing_documents=[],
        )
    )  # fmt: skip
    session.flush()


def newest(session: Session, limit: int) -> Sequence[Reconciliation]:
    """Return the *limit* newest reconciliations that came to their end, newest first."""
    return session.scalars(
        select(Reconciliation)
        .where(Reconciliation.ended_at.is_not(None))
        .order_by(Reconciliation.ended_at.desc(), Reconciliation.id.desc())
        .limit(limit)
    ).all()
