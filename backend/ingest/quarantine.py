"""The quarantine: rows that could not be taken are tried again, ever more seldom, until they come good."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from backend.clock import Clock
from backend.database.core import Sessions
from backend.erp.port import Connector
from backend.ingest import validation
from backend.ingest.models import RejectedRow
from backend.ingest.reread import MAX_KEYS, reread


@dataclass(frozen=True)
class Retried:
    """What a retry did: rows tried, and how many of them are bad still."""

    tried: int = 0
    bad: int = 0
    overtaken: bool = False

    @property
    def good(self) -> int:
        """How many left the quarantine."""
        return 0 if self.overtaken else max(self.tried - self.bad, 0)


def count(session: Session, connector: str | None = None) -> dict[str, int]:
    """Return how many rows (of *connector*) are in quarantine, by collection."""
    statement = select(RejectedRow.collection, func.count().label("rows")).group_by(RejectedRow.collection)
    if connector is not None:
        statement = statement.where(RejectedRow.connector == connector)
    found = session.execute(statement.order_by(RejectedRow.collection))
    return {row.collection: row.rows for row in found}


def listed(session: Session, connector: str, collection: str | None, limit: int) -> Sequence[RejectedRow]:
    """Return up to *limit* quarantined rows, those first seen longest ago first."""
    statement = select(RejectedRow).where(RejectedRow.connector == connector)
    if collection is not None:
        statement = statement.where(RejectedRow.collection == collection)
    oldest = (RejectedRow.first_seen_at, RejectedRow.collection, RejectedRow.external_id)
    return session.scalars(statement.order_by(*oldest).limit(limit)).all()


def retry(
    sessions: Sessions,
    connector: Connector,
    collection: str,
    *,
    clock: Clock,
    everything: bool = False,
    after: str = "",
) -> tuple[Retried, str]:
    """Read up to `MOST` quarantined rows of *collection* again: those that are due, or *everything*.

    Returns what came of it, and the last id tried ("" for none), to go on *after*. Raises `ErpError` if the
    ERP does not answer.
    """
    with sessions() as session:
        keys = _due(session, connector.name, collection, None if everything else clock.now(), after)
    if not keys:
        return Retried(), ""
    done = reread(sessions, connector, collection, keys, clock=clock)
    return Retried(len(keys), done.bad, done.overtaken), keys[-1]


def _due(
    session: Session, connector: str, collection: str, now: dt.datetime | None, after: str
) -> Sequence[str]:
    statement = select(RejectedRow.external_id).where(
        RejectedRow.connector == connector,
        RejectedRow.collection == collection,
        RejectedRow.external_id > after,
        # A row without a key cannot be asked for; reading everything will tell.
        RejectedRow.external_id != validation.NAMELESS,
    )
    if now is not None:
        statement = statement.where(or_(RejectedRow.retry_at.is_(None), RejectedRow.retry_at <= now))
    return session.scalars(statement.order_by(RejectedRow.external_id).limit(MAX_KEYS)).all()
