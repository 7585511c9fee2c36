"""Additions: rows of a table that are new, and the feed's record of each, in one statement of PostgreSQL.

It does what an INSERT and `publish()` do for records that are certainly new, with the same rows as a result.
Nothing need be read under the feed's lock: the rows' own unique key says that the records are new, and records
that follow none and that none follows move nothing.

The order inside the statement is that of `publish()`. The rows are inserted first, so a wait for another
transaction that inserts the same key ends before the lock is taken: the new position needs their count. Only
then is the row of the feed's head updated, which is the lock, and what is written into the feed needs the
position. The commit follows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Table
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.database import bulk
from backend.database.round_trip import pipelined
from backend.feed import positions
from backend.feed.changes import channel_by_field, prepare
from sync_protocol.catalogue import COLLECTIONS, followers
from sync_protocol.change import Put
from sync_protocol.channel import Follows
from sync_protocol.checksum import signed

NULL = "\x1f"
"""Stands for null in a list of texts, of which the driver cannot send one with nulls alone. No value has it."""

_STATEMENT = """
WITH given AS MATERIALIZED (
  SELECT * FROM unnest({arrays}) WITH ORDINALITY AS given ({names}, record, hash, n)
), added AS (
  INSERT INTO {table} ({names}, {same_names}) SELECT {values}, {same} FROM given ORDER BY n RETURNING 1
), head AS (
  UPDATE feed_head
  SET position = CASE WHEN lineage = ({lineage}) THEN position + 2 * (SELECT count(*) FROM added) END
  WHERE id = {head_id} RETURNING position
), fed AS (
  INSERT INTO feed (channel, collection, key, position, body, hash)
  SELECT %(channel)s, %(collection)s, given.id, head.position - %(count)s + given.n, given.record, given.hash
  FROM head, given
), streamed AS (
  INSERT INTO feed_stream AS stream (channel, collection, head, floor, rows, sum)
  SELECT %(channel)s, %(collection)s, head.position, 0, %(count)s, %(sum)s FROM head
  ON CONFLICT (channel, collection) DO UPDATE
  SET head = excluded.head, rows = stream.rows + excluded.rows, sum = {sum}
)
SELECT position FROM head
"""
# `publish()` gives two positions to each record, one of them for a record that it replaces. With two here, the
# positions are the same whichever of both stores a push.
# The head's position must not be null, so on another lineage the statement fails. The numbers of the sum are
# 2^63 + 2^64, 2^64 and 2^63: it wraps at 64 bits.
_WRAPPED = (
    "mod(stream.sum::numeric + excluded.sum + 27670116110564327424, 18446744073709551616) - 9223372036854775808"
)


class NotAdded(RuntimeError):
    """A row or record is not new, or a standby was promoted. Nothing is stored; `publish()` can handle both."""


@dataclass(frozen=True)
class Addition:
    """New rows, and what publishes them.

    Attributes:
        table: Their table; its column `id` is the key of the records.
        collection: The collection of the records.
        each: A list of values per column.
        same: Columns that have one value in all rows.
        puts: Makes the record of each row, in their order.
    """

    table: Table
    collection: str
    each: Mapping[str, Sequence[Any]]
    same: Mapping[str, Any]
    puts: Sequence[Callable[[], Put]]


def publish(session: Session, addition: Addition, *, commits: bool = False) -> int:
    """Insert the rows of *addition* and publish their records; return the feed's new head.

    The records are of one stream. *commits* as of `round_trip.pipelined`. PostgreSQL only. Raises `NotAdded`.
    """
    records = [_new_record(put()) for put in addition.puts]
    [(channel, collection)] = {(record.channel, record.collection) for record in records}
    nullable = {column.name for column in addition.table.c if column.nullable}
    each = {
        name: [NULL if value is None else value for value in values] if name in nullable else values
        for name, values in addition.each.items()
    }
    parameters = {
        **each,
        **addition.same,
        "record": [record.body for record in records],
        "hash": [record.hash for record in records],
        "channel": channel,
        "collection": collection,
        "count": len(records),
        "sum": signed(sum(record.hash for record in records)),
    }
    statement = _statement(addition.table, tuple(each), tuple(addition.same))
    try:
        [cursor] = pipelined(session.connection(), [(statement, parameters)], commits=commits)
    except IntegrityError as error:
        raise NotAdded(f"the rows of {addition.table.name} were not added") from error
    row = cursor.fetchone()
    if row is None:
        raise positions.FeedMissing("the database is not set up; run `satchel init`")
    return int(row.position)


@dataclass(frozen=True)
class _NewRecord:
    """A record that is certainly new: its stream, its canonical JSON and its row hash."""

    channel: str
    collection: str
    body: str
    hash: int


def _new_record(put: Put) -> _NewRecord:
    """Return what is written for *put*; raises ValueError if only `changes.publish()` knows all of it."""
    if not _stands_alone(put.collection):
        raise ValueError(f"records of {put.collection} are published by `publish()`")
    new = prepare((put.collection, put.key), put)
    return _NewRecord(channel_by_field(new.rule, put.record), put.collection, new.body, new.hash)


@cache
def _stands_alone(name: str) -> bool:
    """Say whether the records of a collection follow none, are followed by none, and are found by key alone."""
    collection = COLLECTIONS[name]
    return not (isinstance(collection.channel, Follows) or collection.found_by or followers(name))


def insert(session: Session, addition: Addition) -> None:
    """Insert the rows of *addition* alone, for a transaction that publishes other records too.

    Raises `NotAdded`.
    """
    names = tuple(addition.each)
    rows = (dict(zip(names, values, strict=True)) for values in zip(*addition.each.values(), strict=True))
    statement = bulk.bulk_insert(bulk.dialect_of(session), addition.table, names, tuple(addition.same))
    try:
        session.connection().execute(statement, {"given": bulk.to_json(rows), **addition.same})
    except IntegrityError as error:
        raise NotAdded(f"the rows of {addition.table.name} were not added") from error


@cache
def _statement(table: Table, each: tuple[str, ...], same: tuple[str, ...]) -> str:
    numbers = {name for name in each if table.c[name].type.python_type is int}
    arrays = [f"%({name})b::{'bigint' if name in numbers else 'text'}[]" for name in each]
    values = [f"nullif(given.{name}, chr(31))" if table.c[name].nullable else f"given.{name}" for name in each]
    return _STATEMENT.format(
        table=table.name,
        arrays=", ".join([*arrays, "%(record)b::text[]", "%(hash)b::bigint[]"]),
        names=", ".join(each),
        values=", ".join(values),
        same_names=", ".join(same),
        same=", ".join(f"%({name})s" for name in same),
        lineage=positions.LINEAGE,
        head_id=positions.HEAD_ID,
        sum=_WRAPPED,
    )
