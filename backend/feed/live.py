"""Live records by their names: one look for any number of them, whatever their collections and channels."""

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
class Live:
    """A record as it stands: where, with what body (canonical JSON), behind which parent."""

    channel: str
    body: str
    parent: str | None
    hash: int


@cache
def _live_query(dialect: str) -> Any:
    wanted = bulk.json_rows(dialect, (FEED.c.collection, FEED.c.key))
    found = FEED.c.collection, FEED.c.key, FEED.c.channel, FEED.c.body, FEED.c.parent, FEED.c.hash
    named = (FEED.c.collection == wanted.c.collection) & (FEED.c.key == wanted.c.key)
    return select(*found).select_from(wanted.join(FEED, named)).where(FEED.c.body.is_not(None))


def refs_text(refs: Iterable[Ref]) -> str:
    """Return *refs*, each once, as a parameter."""
    return bulk.to_json({"collection": collection, "key": key} for collection, key in sorted(set(refs)))


def read_live(session: Session, refs: Iterable[Ref]) -> dict[Ref, Live]:
    """Return those of *refs* that are live, as they are."""
    found = session.connection().execute(_live_query(bulk.dialect_of(session)), {"given": refs_text(refs)})
    return {(row.collection, row.key): Live(row.channel, row.body, row.parent, row.hash or 0) for row in found}
