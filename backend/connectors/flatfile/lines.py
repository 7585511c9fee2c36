"""The lines of a data file as text. A byte that is not text spoils its own row, never the file."""

import csv
import re
from collections.abc import Iterator
from typing import BinaryIO

BOM = b"\xef\xbb\xbf"
LONGEST_ROW = 1 << 18
"""Most bytes of one row, all its lines together."""
_BAD = re.compile("[\udc80-\udcff]+")
"""Bytes that are not text become halves of surrogate pairs (PEP 383), which no file can contain otherwise."""
_CESU = re.compile(rb"(\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf])+")

# Rows are bounded here by their bytes, so that the limit of the library never ends a row somewhere inside.
csv.field_size_limit(max(csv.field_size_limit(), 4 * LONGEST_ROW))


class Lines:
    """The decoded lines of a file from an offset on. `offset` is where the next line begins.

    `next_line` is where the second line of the row begins: a damaged row can be left after its first line.
    `flawed` says that the row contains bytes that are not text (see `flaw_in`), `too_long` that it was cut.
    """

    def __init__(self, opened: BinaryIO, encoding: str, offset: int) -> None:
        self.offset = offset
        self.number = 0
        self.raw = ""
        self.flawed = False
        self.too_long = False
        self.next_line = (0, 0)
        self._began = offset
        self._opened, self._encoding = opened, encoding
        opened.seek(offset)

    def begin_row(self) -> None:
        """Say that the next line is the first one of a row."""
        self._began, self.raw, self.flawed, self.next_line = self.offset, "", False, (0, 0)
        self.too_long = False

    def begins_with(self, mark: bytes) -> bool:
        """Say whether the file begins with *mark*."""
        self._opened.seek(0)
        there = self._opened.read(len(mark)) == mark
        self._opened.seek(self.offset)
        return there

    def leave_row(self) -> None:
        """Continue after the first line of the row."""
        self.offset, self.number = self.next_line
        self._opened.seek(self.offset)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        begin, first = self.offset, self.offset == self._began
        raw = self._opened.readline(LONGEST_ROW + 1)
        if not raw:
            raise StopIteration
        rest = raw
        while not rest.endswith(b"\n") and (rest := self._opened.readline(LONGEST_ROW)):
            self.offset += len(rest)
        self.offset += len(raw)
        self.number += 1
        if first:
            self.next_line = (self.offset, self.number)
        text = self._decoded(raw.removeprefix(BOM) if begin == 0 else raw)
        self.raw += text if first or len(self.raw) < 4000 else ""
        if self.offset - self._began > LONGEST_ROW:
            self.too_long = True
            raise csv.Error(f"the row is longer than {LONGEST_ROW} bytes; a quotation mark may not be closed")
        return text

    def _decoded(self, raw: bytes) -> str:
        self.flawed = self.flawed or b"\0" in raw
        try:
            return raw.decode(self._encoding)
        except UnicodeDecodeError:
            self.flawed = True
        try:
            return raw.decode(self._encoding, "surrogateescape")
        except UnicodeDecodeError:
            return raw.decode(self._encoding, "replace")


def flaw_in(cell: str, encoding: str) -> str:
    """Return what in *cell* is not text, as the end of a sentence about it; empty if nothing is."""
    if match := _BAD.search(cell):
        bad = match[0].encode("ascii", "surrogateescape")
        shown = " ".join(f"{byte:02X}" for byte in bad[:12])
        what = "the byte" if len(bad) == 1 else "the bytes"
        if encoding == "utf-8" and _CESU.fullmatch(bad):
            return f"contains {what} {shown}: this is CESU-8 and not utf-8. Write the character as utf-8"
        return (
            f"contains {what} {shown}, which {'is' if len(bad) == 1 else 'are'} not {encoding}. "
            f"Write the cell as {encoding}; if the whole file has another encoding, set SATCHEL_ERP_ENCODING"
        )
    return "contains a NUL character" if "\0" in cell else ""
