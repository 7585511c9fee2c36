"""Read live records by (collection, key): one SQL statement for any number, in any collection and channel.

Separate from `changes` and `reading`, which both use it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.database import bulk
from backend.database.core import table_of
from backend.feed.models import FeedRow

FEED = table_of(FeedRow)

Ref = tuple[str, str]
"""(collection, key)"""


@dataclass(frozen=True, slots=True)
class LiveRecord:
    """A live record: its channel, its body (canonical JSON), the key of its parent, and its row hash."""

    channel: str
    body: str
    parent: str | None
    hash: int


@cache
def _live_query(dialect: str) -> Any:
    wanted = bulk.json_rows(dialect, (FEED.c.collection, FEED.c.key))
    columns = FEED.c.collection, FEED.c.key, FEED.c.channel, FEED.c.body, FEED.c.parent, FEED.c.hash
    is_wanted = (FEED.c.collection == wanted.c.collection) & (FEED.c.key == wanted.c.key)
    return select(*columns).select_from(wanted.join(FEED, is_wanted)).where(FEED.c.body.is_not(None))


def refs_text(refs: Iterable[Ref]) -> str:
    """Return *refs*, without duplicates, as the JSON text of an SQL parameter."""
    return bulk.to_json({"collection": collection, "key": key} for collection, key in sorted(set(refs)))


def read_live(session: Session, refs: Iterable[Ref]) -> dict[Ref, LiveRecord]:
    """Return the records of *refs* that are live."""
    rows = session.connection().execute(_live_query(bulk.dialect_of(session)), {"given": refs_text(refs)})
    return {
        (row.collection, row.key): LiveRecord(row.channel, row.body, row.parent, row.hash or 0) for row in rows
    }
