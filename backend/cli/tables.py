"""Tables for terminals: a list of rows, and the columns as functions of a row."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from rich.markup import escape
from rich.measure import Measurement
from rich.table import Column, Table
from rich.text import Text

from backend.cli.context import console

T = TypeVar("T")
Columns = Mapping[str, Callable[[T], object]]
"""Heading to cell. The first column identifies the row and is never wrapped, so that it can be copied."""


def print_table(
    rows: Iterable[T],
    columns: Columns[T],
    *,
    empty: str = "",
    title: str | None = None,
    style: Callable[[T], str | None] = lambda row: None,
) -> None:
    """Print a table of *rows*, or the sentence *empty* if there are none; *style* is rich's style for a row.

    On a terminal that is too narrow for the columns, each row is printed as a block of lines.
    """
    table = Table(*(Column(heading, no_wrap=n == 0) for n, heading in enumerate(columns)), title=title)
    cells = [(row, [_cell(read(row)) for read in columns.values()]) for row in rows]
    for row, texts in cells:
        table.add_row(*texts, style=style(row))
    if not cells:
        if empty:
            console.print(empty, soft_wrap=True)
    elif _minimum_width(table) <= console.width:
        console.print(table)
    else:
        for row, texts in cells:
            block = Table(Column(), Column(), box=None, show_header=False, title=title, title_justify="left")
            for heading, text in zip(columns, texts, strict=True):
                if text:
                    block.add_row(heading, text)
            console.print(block, "", style=style(row))
            title = None


def _minimum_width(table: Table) -> int:
    """Return the width in characters at which no word of *table* is broken."""
    unbounded = console.options.update(max_width=100_000)
    return Measurement.get(console, unbounded, table).minimum


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
