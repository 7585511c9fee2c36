"""Tables for terminals: a list of rows, and the columns as functions of a row."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from rich.markup import escape
from rich.table import Column, Table
from rich.text import Text

from backend.cli.context import console

T = TypeVar("T")
Columns = Mapping[str, Callable[[T], object]]
"""Heading to cell. The column "id" is never wrapped, so that an id can be copied."""


def print_table(
    rows: Iterable[T],
    columns: Columns[T],
    *,
    empty: str = "",
    title: str | None = None,
    style: Callable[[T], str | None] = lambda row: None,
) -> None:
    """Print a table of *rows*, or the sentence *empty* if there are none; *style* is rich's style for a row."""
    table = Table(*(Column(heading, no_wrap=heading == "id") for heading in columns), title=title)
    for row in rows:
        table.add_row(*(_cell(read(row)) for read in columns.values()), style=style(row))
    if table.row_count:
        console.print(table)
    elif empty:
        console.print(empty, soft_wrap=True)


def timestamp(moment: dt.datetime) -> str:
    """Return *moment* to the minute."""
    return f"{moment:%Y-%m-%d %H:%M}"


def _cell(value: Any) -> str | Text:
    if isinstance(value, Text):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dt.datetime):
        return timestamp(value)
    if isinstance(value, Mapping):
        return _cell(list(value.values()))
    if isinstance(value, list | tuple):
        return escape(", ".join(str(each) for each in value if not isinstance(each, Mapping)))
    return escape(str(value))
