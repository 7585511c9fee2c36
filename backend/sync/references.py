"""References: which records the rules need for documents, and the statements that read them."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy.orm import Session

from backend.database import bulk, round_trip
from backend.feed import reading
from backend.feed.live import Cited, Ref
from backend.feed.reading import CitedPrices
from backend.identity.access import CitingAccess, citing_read
from backend.sync import price_data
from backend.sync.validation import ParsedSubmission


@dataclass(frozen=True)
class NeededRecords:
    """What documents of one rep need."""

    refs: set[Ref]
    """The records that they cite."""
    consulted: set[Ref]
    """The records that the rules of their kinds read."""
    prices: CitedPrices | None


class Read(NamedTuple):
    """What documents need, and the values of `statements`."""

    needed: NeededRecords
    access: CitingAccess
    cited: Cited


def needed_records(rep: str, submissions: Collection[ParsedSubmission]) -> NeededRecords | None:
    """Return what *submissions* of *rep* need; None if they cite nothing."""
    refs = set[Ref]().union(*(item.references for item in submissions))
    if not refs:
        return None
    consulted = set[Ref]().union(*(item.consulted for item in submissions))
    prices = price_data.prices_of(submissions)
    if prices is not None:
        consulted.add(price_data.limit_of(rep))
    return NeededRecords(refs, consulted, prices)


def statements(dialect: str, rep: str, needed: NeededRecords, now: dt.datetime) -> list[round_trip.Read]:
    """Return the statements that read what is *needed*, for `Read`."""
    return [
        citing_read(rep, now),
        reading.cited_read(dialect, needed.refs, needed.consulted, needed.prices),
    ]


def read(
    session: Session, rep: str, submissions: Collection[ParsedSubmission], now: dt.datetime
) -> Read | None:
    """Read what *submissions* of *rep* need; None if they cite nothing."""
    needed = needed_records(rep, submissions)
    if needed is None:
        return None
    return Read(needed, *round_trip.run(session, statements(bulk.dialect_of(session), rep, needed, now)))
