"""The header of a data file: which column is where. A wrong one is one fault of the whole file."""

import csv
from collections.abc import Iterator, Sequence

from backend.connectors.flatfile.errors import broken_export
from backend.connectors.flatfile.lines import BOM, Lines, flaw_in
from backend.connectors.flatfile.options import Options
from backend.erp.errors import ErpError

HINTS = (";", "\t", "|", ",")


def checked_header(
    name: str, columns: Sequence[str], reader: Iterator[list[str]], lines: Lines, options: Options
) -> list[str]:
    """Read the header of file *name* and return its columns in lower case.

    Raises `ErpError` if it is not one, or lacks some of *columns*.
    """
    delimiter = options.delimiter
    lines.begin_row()
    try:
        cells = next(reader)
    except StopIteration:
        raise broken_export(f"{name} is empty; its first line must name the columns") from None
    except csv.Error as error:
        if lines.flawed:
            raise _not_text(name, lines.raw, options.encoding) from None
        raise broken_export(f"{name} line 1 is not CSV: {error}") from None
    if lines.flawed:
        raise _not_text(name, lines.raw, options.encoding)
    if options.encoding != "utf-8" and lines.begins_with(BOM):
        raise broken_export(
            f"{name} begins as utf-8 (with a BOM), and {options.encoding} is set; "
            "set SATCHEL_ERP_ENCODING=utf-8"
        )
    header = [cell.strip().lower() for cell in cells]
    missing = [column for column in columns if column not in header]
    if len(header) == 1 and missing:
        for other in HINTS:
            if other != delimiter and other in header[0]:
                shown = "tab" if other == "\t" else other
                raise broken_export(
                    f"{name} has {shown!r} between its columns and not {delimiter!r}; "
                    f"set SATCHEL_ERP_DELIMITER={shown} or change the export"
                )
    if missing:
        raise broken_export(
            f"{name} has no column {', '.join(missing)}; it has {', '.join(header)}. "
            "Add the missing columns to the export; the docs say which of them may be empty"
        )
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        raise broken_export(f"{name} has the column {', '.join(twice)} twice")
    return header


def _not_text(name: str, header: str, encoding: str) -> ErpError:
    if "\0" in header:
        return broken_export(
            f"{name} line 1 contains NUL bytes, so it is not a line of {encoding}. Export the file as utf-8"
        )
    return broken_export(f"{name} line 1 {flaw_in(header, encoding) or f'is not {encoding}'}")
