"""Read live records by (collection, key): one SQL statement for any number, in any collection and channel.

Separate from `changes` and `reading`, which both use it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Select, literal_column, null, select, union_all
from sqlalchemy.orm import Session

from backend.database import bulk, round_trip
from backend.database.core import table_of
from backend.database.round_trip import Read
from backend.feed.models import FeedRow, FormerRecord
from sync_protocol.channel import EVERYONE
from sync_protocol.json_types import NewRecord

FEED = table_of(FeedRow)
FORMER = table_of(FormerRecord)

Ref = tuple[str, str]
"""(collection, key)"""


class LiveRecord(NamedTuple):
    """A live record: its channel, its body (canonical JSON), the key of its parent, and its row hash."""

    channel: str
    body: str
    parent: str | None
    hash: int

    @property
    def record(self) -> NewRecord:
        """The body, decoded."""
        record: NewRecord = orjson.loads(self.body)
        return record


@cache
def _live_query(dialect: str) -> Any:
    refs = bulk.json_rows(dialect, (FEED.c.collection, FEED.c.key))
    columns = FEED.c.collection, FEED.c.key, FEED.c.channel, FEED.c.body, FEED.c.parent, FEED.c.hash
    is_ref = (FEED.c.collection == refs.c.collection) & (FEED.c.key == refs.c.key)
    return select(*columns).select_from(refs.join(FEED, is_ref)).where(FEED.c.body.is_not(None))


@dataclass(frozen=True)
class Cited:
    """The records of a read by key, and those of a read by list and product."""

    live: dict[Ref, LiveRecord]
    prices: Mapping[Ref, list[NewRecord]]
    """(collection, lookup key) → the live records (`Collection.found_by`)."""
    former: Mapping[Ref, list[NewRecord]]
    """(collection, lookup key) → former versions, the newest first."""
    only_list: str | None
    """The key of the price list if there is only one."""


@cache
def _cited_query(dialect: str) -> Any:
    """Select records by key, by lookup key, their former versions, and two price lists, in one statement."""
    nothing = null().cast(FEED.c.body.type)

    def part(source: str, table: Any, channel: Any, hash: Any) -> Select[Any]:
        columns = table.c.collection, table.c.key, table.c.parent, table.c.body
        return select(literal_column(f"'{source}'").label("source"), *columns, channel, hash)

    by_key = bulk.json_rows(dialect, (FEED.c.collection, FEED.c.key))
    by_lookup = bulk.json_rows(dialect, (FEED.c.collection, FEED.c.parent), "lookups")
    of_former = bulk.json_rows(dialect, (FORMER.c.collection, FORMER.c.parent), "former")
    lists = select(FEED).where(
        FEED.c.channel == EVERYONE, FEED.c.collection == "price_lists", FEED.c.body.is_not(None)
    ).limit(2).subquery("lists")  # fmt: skip

    def same(table: Any, rows: Any, name: str) -> Any:
        return (table.c.collection == rows.c.collection) & (table.c[name] == rows.c[name])

    return union_all(
        part("live", FEED, FEED.c.channel, FEED.c.hash)
        .select_from(by_key.join(FEED, same(FEED, by_key, "key")))
        .where(FEED.c.body.is_not(None)),
        part("price", FEED, FEED.c.channel, FEED.c.hash)
        .select_from(by_lookup.join(FEED, same(FEED, by_lookup, "parent")))
        .where(FEED.c.body.is_not(None)),
        part("former", FORMER, nothing, FORMER.c.position)
        .select_from(of_former.join(FORMER, same(FORMER, of_former, "parent"))),
        part("list", lists, lists.c.channel, lists.c.hash),
    )  # fmt: skip


def prices_read(dialect: str, refs: Iterable[Ref], lookups: Iterable[Ref], former: Iterable[Ref]) -> Read:
    """Return the statement that reads, as `Cited`, the live records of *refs*, those found by *lookups*, and
    former ones of *former*.

    *lookups* and *former* are (collection, lookup key).
    """
    parameters = {
        "given": refs_text(refs), "lookups": _lookups_text(lookups), "former": _lookups_text(former),
    }  # fmt: skip
    return Read(_cited_query(dialect), parameters, _cited, named=False)


def _cited(rows: Sequence[Any]) -> Cited:
    live, lists = {}, []
    prices: dict[Ref, list[NewRecord]] = defaultdict(list)
    past: dict[Ref, list[tuple[int, NewRecord]]] = defaultdict(list)
    for source, collection, key, parent, body, channel, hash in rows:
        if source == "live":
            live[collection, key] = LiveRecord(channel, body, parent, hash or 0)
        elif source == "price":
            prices[collection, parent].append(orjson.loads(body))
        elif source == "former":
            past[collection, parent].append((hash, orjson.loads(body)))
        else:
            lists.append(key)
    newest_first = {
        ref: [record for _, record in sorted(records, key=lambda pair: -pair[0])]
        for ref, records in past.items()
    }
    return Cited(live, prices, newest_first, lists[0] if len(lists) == 1 else None)


def _lookups_text(lookups: Iterable[Ref]) -> str:
    return bulk.to_json({"collection": collection, "parent": key} for collection, key in sorted(set(lookups)))


def refs_text(refs: Iterable[Ref]) -> str:
    """Return *refs*, without duplicates, as the JSON text of an SQL parameter."""
    return bulk.to_json([{"collection": collection, "key": key} for collection, key in sorted(set(refs))])


def live_read(dialect: str, refs: Iterable[Ref]) -> Read:
    """Return the statement that reads the records of *refs* that are live, by (collection, key)."""
    return Read(_live_query(dialect), {"given": refs_text(refs)}, _live)


def _live(rows: Sequence[Any]) -> dict[Ref, LiveRecord]:
    return {
        (row.collection, row.key): LiveRecord(row.channel, row.body, row.parent, row.hash or 0) for row in rows
    }


def read_live(session: Session, refs: Iterable[Ref], *, by_index: bool = False) -> dict[Ref, LiveRecord]:
    """Return the records of *refs* that are live.

    *by_index*: from here on the transaction reads all tables by their indexes (`round_trip.by_index`).
    """
    switch = round_trip.by_index(session) if by_index else []
    *_, live = round_trip.run(session, [*switch, live_read(bulk.dialect_of(session), refs)])
    return dict(live)
