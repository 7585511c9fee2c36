"""The body of a document as rows of label and value, for any kind: labels are those of the contract."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from backend.console.language import label
from sync_protocol import wording

MAX_ROWS = 2_000
"""A document may have a thousand lines; the page ends there."""


@dataclass(frozen=True)
class BodyRow:
    """One field, or the heading of a group of fields if *value* is None."""

    depth: int
    label: str
    value: str | None


def rows_of(kind: str, body: str, language: str) -> list[BodyRow]:
    """Return the rows of *body*, canonical JSON of a document of *kind*."""
    rows = []
    for row in _rows(kind, "", json.loads(body), language, 0):
        rows.append(row)
        if len(rows) == MAX_ROWS:
            break
    return rows


def _rows(kind: str, path: str, value: Any, language: str, depth: int) -> Iterator[BodyRow]:
    if isinstance(value, dict):
        for name, inner in value.items():
            place = f"{path}.{name}" if path else str(name)
            heading = _label(kind, place, language)
            if isinstance(inner, dict | list) and inner:
                yield BodyRow(depth, heading, None)
                yield from _rows(kind, place, inner, language, depth + 1)
            else:
                yield BodyRow(depth, heading, _text(kind, place, inner, language))
    elif isinstance(value, list):
        for number, inner in enumerate(value, 1):
            if isinstance(inner, dict | list):
                yield BodyRow(depth, str(number), None)
                yield from _rows(kind, path, inner, language, depth + 1)
            else:
                yield BodyRow(depth, str(number), _text(kind, path, inner, language))
    else:
        yield BodyRow(depth, "", _text(kind, path, value, language))


def _label(kind: str, path: str, language: str) -> str:
    own, common = f"field.{kind}.{path}", f"field.{path.rpartition('.')[2]}"
    return label(language, own if own in wording.TEXTS else common)


def _text(kind: str, path: str, value: Any, language: str) -> str:
    if isinstance(value, bool):
        return label(language, "word.yes" if value else "word.no")
    if value is None or value in ({}, []):
        return ""
    for key in (f"choice.{kind}.{path}.{value}", f"choice.{path.rpartition('.')[2]}.{value}"):
        if key in wording.TEXTS:
            return label(language, key)
    return str(value)
