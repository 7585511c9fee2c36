"""Read the rows of many streams above given positions as one JSON text, joined by PostgreSQL.

A small delta costs Python more for each row than PostgreSQL, so PostgreSQL writes the part of the page that
holds the rows. Large and unusual ones are read by `backend.feed.reading`, which a property test compares.
"""

from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Text,
    bindparam,
    case,
    cast,
    column,
    func,
    literal_column,
    select,
    true,
)

from backend.feed.live import FEED

SEPARATOR = "\x1f"
"""Between the values of a parameter; no name of a channel or a collection contains a control character."""
_SEPARATOR: Any = literal_column(f"'{SEPARATOR}'")
_NONE: Any = literal_column("0")
ROW_OVERHEAD_BYTES = 16
"""Bytes that a row takes on a page in addition to its body."""


def marks() -> FromClause:
    """Return the table of the parameters `channels`, `collections` and `positions`, numbered by `n` from 1."""
    texts = [
        func.string_to_array(bindparam(name, type_=Text), _SEPARATOR)
        for name in ("channels", "collections", "positions")
    ]
    columns = column("channel", FEED.c.channel.type), column("collection", FEED.c.collection.type)
    return (
        func.unnest(texts[0], texts[1], cast(texts[2], ARRAY(BigInteger)))
        .table_valued(*columns, column("position", BigInteger), with_ordinality="n", name="marks")
        .render_derived()
    )


def joined_rows(behind: CTE) -> Select[Any]:
    """Select the rows of the streams *behind* (n, channel, collection, position), each above its position.

    The result is a row for each stream: `n`; `put` and `gone`, the texts of its lists on a page without their
    brackets, null for an empty list; `rows`, their number; `bytes`, what they take on a page. If all streams
    together have as many rows as the parameter `limit` or more, there is no row.
    """
    limit = bindparam("limit", type_=Integer)
    # A subquery hides the number from the planner (see `reading._above`).
    probe = _above(behind, literal_column("1").label("one")).limit(_hidden(limit)).lateral("probe")
    few = select(literal_column("1")).select_from(behind.join(probe, true())).limit(limit).subquery("few")
    counted = select(func.count().label("n")).select_from(few).cte("counted")
    allowed = select(case((counted.c.n < limit, limit), else_=_NONE)).scalar_subquery()
    rows = _above(behind, FEED.c.position, FEED.c.key, FEED.c.body).limit(allowed).lateral("rows")
    place = cast(rows.c.position, Text)
    put = _constant("[").concat(place).concat(_constant(",")).concat(rows.c.body).concat(_constant("]"))
    key = cast(func.to_json(cast(rows.c.key, Text)), Text)
    gone = _constant("[").concat(place).concat(_constant(",")).concat(key).concat(_constant("]"))
    size = func.octet_length(func.coalesce(rows.c.body, rows.c.key)) + literal_column(str(ROW_OVERHEAD_BYTES))
    stream = select(
        func.string_agg(put, _constant(",")).filter(rows.c.body.is_not(None)).label("put"),
        func.string_agg(gone, _constant(",")).filter(rows.c.body.is_(None)).label("gone"),
        func.count().label("rows"),
        func.sum(size).label("bytes"),
    ).lateral("stream")
    return (
        select(behind.c.n, stream.c.put, stream.c.gone, stream.c.rows, stream.c.bytes)
        .select_from(behind.join(stream, true()))
        .where(stream.c.rows > _NONE)
    )


def _above(behind: CTE, *columns: Any) -> Select[Any]:
    stream = behind.c
    return (
        select(*columns)
        .where(
            FEED.c.channel == stream.channel,
            FEED.c.collection == stream.collection,
            FEED.c.position > stream.position,
        )
        .order_by(FEED.c.position)
        .correlate(behind)
    )


def _hidden(number: ColumnElement[int]) -> Any:
    return select(number).scalar_subquery()


def _constant(text: str) -> ColumnElement[str]:
    return literal_column(f"'{text}'", Text)
