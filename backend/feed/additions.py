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

from sqlalchemy import Column, Dialect, Table
from sqlalchemy.dialects import registry
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.database import bulk
from backend.database.prepared_statements import NumberedText
from backend.database.round_trip import pipelined
from backend.feed import positions
from backend.feed.changes import channel_by_field
from sync_protocol.canonical import canonical
from sync_protocol.catalogue import COLLECTIONS, followers
from sync_protocol.change import Put
from sync_protocol.channel import Follows
from sync_protocol.checksum import row_hash, signed

_END, _NULL = "\x1f", "\x1e"
"""End each value of a column, and stand for null. Canonical JSON escapes them, and the wire's texts have none.

PostgreSQL splits such a text in less time than it reads JSON or an array, and it is made in one call.
"""

_STATEMENT = """
WITH given AS MATERIALIZED (
  SELECT {casts}, n FROM unnest({columns}) WITH ORDINALITY AS given ({names}, record, hash, n)
  WHERE n <= {count}
), added AS (
  INSERT INTO {table} ({names}, {same_names}) SELECT {names}, {same} FROM given ORDER BY n RETURNING 1
), head AS (
  UPDATE feed_head
  SET position = CASE WHEN lineage = ({lineage}) THEN position + 2 * (SELECT count(*) FROM added) END
  WHERE id = {head_id} RETURNING position
), fed AS (
  INSERT INTO feed (channel, collection, key, position, body, hash)
  SELECT {channel}, {collection}, given.id, head.position - {count} + given.n, given.record, given.hash
  FROM head, given
), streamed AS (
  INSERT INTO feed_stream AS stream (channel, collection, head, floor, rows, sum)
  SELECT {channel}, {collection}, head.position, 0, {count}, {sum} FROM head
  ON CONFLICT (channel, collection) DO UPDATE
  SET head = excluded.head, rows = stream.rows + excluded.rows, sum = {wrapped}
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


_POSTGRESQL: Dialect = registry.load("postgresql.psycopg")()


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
    puts = [put() for put in addition.puts]
    [(channel, collection)] = {(_channel(put), put.collection) for put in puts}
    bodies = [(put.text or canonical(put.record)).decode() for put in puts]
    hashes = [signed(row_hash(collection, put.key, body)) for put, body in zip(puts, bodies, strict=True)]
    parameters: dict[str, Any] = {
        **{name: _joined(values) for name, values in addition.each.items()},
        **addition.same,
        "record": _joined(bodies),
        "hash": _joined(hashes),
        "channel": channel,
        "collection": collection,
        "count": len(puts),
        "sum": signed(sum(hashes)),
    }
    statement = _statement(addition.table, tuple(addition.each), tuple(addition.same))
    try:
        [rows] = pipelined(session.connection(), [(statement, parameters)], commits=commits)
    except IntegrityError as error:
        raise NotAdded(f"the rows of {addition.table.name} were not added") from error
    if not rows:
        raise positions.FeedMissing("the database is not set up; run `satchel init`")
    return int(rows[0].position)


def _joined(values: Sequence[Any]) -> str:
    """Return *values*, texts, numbers or None, as a parameter of `_STATEMENT`; raises `NotAdded`."""
    try:
        text = _END.join(values) + _END
    except TypeError:
        text = _END.join([_NULL if value is None else str(value) for value in values]) + _END
    if text.count(_END) != len(values) or text.count(_NULL) != values.count(None):
        raise NotAdded("a value contains a character that separates values")
    return text


def _channel(put: Put) -> str:
    """Return the channel of *put*; raises ValueError if only `changes.publish()` knows all of its record."""
    rule = COLLECTIONS[put.collection].channel
    if isinstance(rule, Follows) or not _stands_alone(put.collection):
        raise ValueError(f"records of {put.collection} are published by `publish()`")
    return channel_by_field(rule, put.record)


@cache
def _stands_alone(name: str) -> bool:
    """Say whether no record follows one of this collection, and they are found by key alone."""
    return not (COLLECTIONS[name].found_by or followers(name))


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
def _statement(table: Table, each: tuple[str, ...], same: tuple[str, ...]) -> NumberedText:
    names = (*each, "record", "hash", *same, "channel", "collection", "count", "sum")
    numbers = {name: f"${n}" for n, name in enumerate(names, 1)}
    casts = {name: _sql_type(table.c[name]) for name in (*each, *same)}
    return NumberedText(
        _STATEMENT.format(
            table=table.name,
            columns=", ".join(
                f"string_to_array({numbers[name]}::text, chr(31), chr(30))"
                for name in (*each, "record", "hash")
            ),
            names=", ".join(each),
            casts=", ".join([*(f"{name}::{casts[name]}" for name in each), "record", "hash::bigint"]),
            same_names=", ".join(same),
            same=", ".join(f"{numbers[name]}::{casts[name]}" for name in same),
            lineage=positions.LINEAGE,
            head_id=positions.HEAD_ID,
            channel=f"{numbers['channel']}::text",
            collection=f"{numbers['collection']}::text",
            count=f"{numbers['count']}::bigint",
            sum=f"{numbers['sum']}::bigint",
            wrapped=_WRAPPED,
        ),
        names,
    )


def _sql_type(column: Column[Any]) -> str:
    """Return PostgreSQL's type of *column*, without a length that a cast would cut values to."""
    name: str = column.type.compile(dialect=_POSTGRESQL)
    return "text" if name.startswith("VARCHAR") else name
