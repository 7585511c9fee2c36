"""Read the rows in quarantine again, at growing intervals, until they are valid."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend.clock import AHEAD, Clock
from backend.database.core import Sessions
from backend.erp.port import Connector
from backend.ingest import validation
from backend.ingest.models import RejectedRow
from backend.ingest.reread import MAX_KEYS, reread


@dataclass(frozen=True)
class Retried:
    """The result of a retry: rows tried, and how many of them are still bad."""

    tried: int = 0
    bad: int = 0
    overtaken: bool = False

    @property
    def good(self) -> int:
        """How many rows left the quarantine."""
        return 0 if self.overtaken else max(self.tried - self.bad, 0)


def retry(
    sessions: Sessions,
    connector: Connector,
    collection: str,
    *,
    clock: Clock,
    everything: bool = False,
    after: str = "",
) -> tuple[Retried, str]:
    """Read up to `MAX_KEYS` rows of *collection* in quarantine again: those that are due, or *everything*.

    Returns the result and the last id tried ("" for none); pass it as *after* to continue. Raises `ErpError`
    if the ERP does not answer.
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
        # A row without a key cannot be requested; the next reading of everything decides about it.
        RejectedRow.external_id != validation.NAMELESS,
    )
    if now is not None:
        statement = statement.where(
            or_(
                RejectedRow.retry_at.is_(None),
                RejectedRow.retry_at <= now,
                # Stored while our clock was wrong.
                RejectedRow.retry_at > now + validation.RETRY_LAST + AHEAD,
            )
        )
    return session.scalars(statement.order_by(RejectedRow.external_id).limit(MAX_KEYS)).all()
