"""Tables for terminals: a list of rows, and the columns as functions of a row."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from rich.cells import cell_len
from rich.markup import escape, render
from rich.table import Column, Table
from rich.text import Text

from backend.cli.context import console
from sync_protocol.local_time import local_time

T = TypeVar("T")
Columns = Mapping[str, Callable[[T], object]]
"""Heading to cell. The first column identifies the row and is never wrapped, so that it can be copied."""


READABLE = 20
"""Characters of a column of sentences at least; a shorter text is never wrapped."""


def print_table(
    rows: Iterable[T],
    columns: Columns[T],
    *,
    empty: str = "",
    title: str | None = None,
    style: Callable[[T], str | None] = lambda row: None,
) -> None:
    """Print a table of *rows*, or the sentence *empty* if there are none; *style* is rich's style for a row.

    On a terminal that is too narrow for the columns, each row is printed as a block of lines: a sentence in a
    column of ten characters is not readable.
    """
    cells = [(row, [_cell(read(row)) for read in columns.values()]) for row in rows]
    if not cells:
        if empty:
            console.print(empty, soft_wrap=True)
        return
    texts_of = [[heading, *(texts[n] for _, texts in cells)] for n, heading in enumerate(columns)]
    widths = column_widths(texts_of, console.width - _frame(len(columns)))
    if widths is not None:
        headings = (Column(name, width=width) for name, width in zip(columns, widths, strict=True))
        table = Table(*headings, title=title)
        for row, texts in cells:
            table.add_row(*texts, style=style(row))
        console.print(table)
        return
    for row, texts in cells:
        block = Table(Column(), Column(), box=None, show_header=False, title=title, title_justify="left")
        for heading, text in zip(columns, texts, strict=True):
            if text:
                block.add_row(heading, text)
        console.print(block, "", style=style(row))
        title = None


def column_widths(texts_of: Sequence[Sequence[str | Text]], available: int) -> list[int] | None:
    """Return a width for each column of texts, or None if *available* characters are too few.

    Rich itself would cut a long word, such as a path, in one column while another one has room.
    """
    lines_of = [[line for text in texts for line in _plain(text).splitlines()] for texts in texts_of]
    longest = [max(map(cell_len, lines), default=0) for lines in lines_of]
    words = [max((cell_len(word) for line in lines for word in line.split()), default=0) for lines in lines_of]
    least = [max(word, min(READABLE, most)) for word, most in zip(words, longest, strict=True)]
    least[0] = longest[0]
    room = available - sum(least)
    if room < 0:
        return None
    extras = [most - width for most, width in zip(longest, least, strict=True)]
    share = min(1.0, room / max(sum(extras), 1))
    return [width + int(extra * share) for width, extra in zip(least, extras, strict=True)]


def _frame(columns: int) -> int:
    """Return the characters of a row that are borders and the spaces beside them."""
    return 3 * columns + 1


def _plain(text: str | Text) -> str:
    return text.plain if isinstance(text, Text) else render(text, emoji=False).plain


def visible(text: str) -> str:
    """Return *text* for a terminal: invisible characters as escapes, and no markup.

    Text of an ERP or a device may contain control sequences, or characters that reverse what follows.
    """
    characters = (c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)
    return escape("".join(characters))


def _cell(value: Any) -> str | Text:
    if isinstance(value, Text):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dt.datetime):
        return local_time(value)
    if isinstance(value, Mapping):
        return _cell(list(value.values()))
    if isinstance(value, list | tuple):
        return visible(", ".join(str(each) for each in value if not isinstance(each, Mapping)))
    return visible(str(value))
