"""Many rows in one statement: they are sent as one JSON text, which the database splits into rows.

The text of the statement is the same for one row and for a thousand, so it is compiled, parsed and planned
once. A statement with a placeholder per value is a new statement for each number of rows; building those took
longer, for a push of fifty documents, than storing them.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import orjson
from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    Select,
    Table,
    Text,
    any_,
    bindparam,
    cast,
    column,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from backend.database.core import Model, table_of

POSTGRESQL = "postgresql"


def dialect_of(session: Session) -> str:
    """Return the name of the database's dialect; statements are cached by it."""
    return session.get_bind().dialect.name


def to_json(value: Any) -> str:
    """Return *value*, of JSON's types, as JSON text for a column or a parameter. Any iterable is a list."""
    return orjson.dumps(value, default=list).decode()


def json_rows(dialect: str, columns: Sequence[Column[Any]], parameter: str = "given") -> FromClause:
    """Return the rows of the JSON *parameter* as a table with *columns*.

    A value that is missing in a row is null.
    """
    text = bindparam(parameter, type_=Text)
    if dialect == POSTGRESQL:
        typed = [column(c.name, c.type) for c in columns]
        # Both databases return the rows in the order of the JSON text.
        rows = func.jsonb_to_recordset(cast(text, postgresql.JSONB)).table_valued(*typed, name=parameter)
        return rows.render_derived(with_types=True)
    each = func.json_each(text).table_valued("value", name="each")
    values = [func.json_extract(each.c.value, f"$.{c.name}", type_=c.type).label(c.name) for c in columns]
    return select(*values).select_from(each).subquery(parameter)


def in_json_list(dialect: str, subject: ColumnElement[Any], parameter: str) -> ColumnElement[bool]:
    """Return the condition that *subject* is one of the texts in the JSON list *parameter*."""
    text = bindparam(parameter, type_=Text)
    if dialect == POSTGRESQL:
        values = func.jsonb_array_elements_text(cast(text, postgresql.JSONB)).column_valued(f"each_{parameter}")
        return subject == any_(func.array(select(values).scalar_subquery()))
    each = func.json_each(text).table_valued("value", name=f"each_{parameter}")
    return subject.in_(select(each.c.value))


def insert_into(dialect: str, table: Table) -> Any:
    """Return the INSERT of *dialect* into *table*; its `on_conflict_…` methods are the same for both."""
    return (postgresql.insert if dialect == POSTGRESQL else sqlite.insert)(table)


def insert_ignore(
    session: Session,
    model: type[Model],
    rows: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    key: Sequence[str],
) -> None:
    """Insert *rows* (one, or a list), except those whose *key* exists.

    The keys of every row are the same: columns of *model*, and among them those of *key*.
    """
    statement = insert_into(dialect_of(session), table_of(model))
    session.execute(statement.on_conflict_do_nothing(index_elements=list(key)), rows)


def upsert(
    session: Session,
    model: type[Model],
    rows: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    key: Sequence[str],
    *,
    replace: Sequence[str],
    add: Sequence[str] = (),
    either: Sequence[str] = (),
) -> None:
    """Insert *rows* (one, or a list of them with the same columns). A row whose *key* exists is updated.

    Then the columns *replace* get the new value, numbers in *add* the sum of both, and flags in *either* are
    true if one of the two is. All other columns keep the stored value.
    """
    table = table_of(model)
    statement = insert_into(dialect_of(session), table)
    new = statement.excluded
    updates = {
        **{name: new[name] for name in replace},
        **{name: table.c[name] + new[name] for name in add},
        **{name: or_(table.c[name], new[name]) for name in either},
    }
    session.execute(statement.on_conflict_do_update(index_elements=list(key), set_=updates), rows)


@cache
def bulk_insert(dialect: str, table: Table, each: tuple[str, ...], same: tuple[str, ...] = ()) -> Any:
    """Return the statement that inserts the rows of the parameter `given`, in their order.

    *each* are the columns that the rows contain. *same* are columns that get one value in all rows: the
    parameter of that name. A column type that converts values (`UtcDateTime`) converts those of *same* only.
    """
    rows = json_rows(dialect, [table.c[name] for name in each])
    values: Select[Any] = select(
        *(rows.c[name] for name in each), *(bindparam(name, type_=table.c[name].type) for name in same)
    )
    # Without a WHERE, SQLite parses ON CONFLICT as the ON of a join ("Parsing Ambiguity",
    # sqlite.org/lang_upsert.html).
    return insert_into(dialect, table).from_select([*each, *same], values.where(true()))


@cache
def bulk_upsert(
    dialect: str, table: Table, key: tuple[str, ...], values: tuple[str, ...], first: tuple[str, ...] = ()
) -> Any:
    """Return the statement that inserts the rows of `given`, and updates *values* of a row whose *key* exists.

    Columns *first* are written only when a row is inserted.
    """
    statement = bulk_insert(dialect, table, (*key, *values, *first))
    return statement.on_conflict_do_update(
        index_elements=list(key), set_={name: statement.excluded[name] for name in values}
    )


def rows_of(rows: Iterable[Mapping[str, Any]], names: Sequence[str]) -> str:
    """Return *rows* as the parameter `given`; of their keys, which are columns, only *names* are sent."""
    return to_json({name: row[name] for name in names} for row in rows)
