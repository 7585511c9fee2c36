"""A segment read as a stranger to this code would read it, who has docs/protocol.md and nothing else."""

import gzip
import json
from typing import Any


def read(data: bytes) -> list[dict[str, Any]]:
    """Return the records of a segment."""
    value = json.loads(gzip.decompress(data))
    records = rows(value["columns"])
    for name, absent in value["absent"].items():
        for n in absent:
            del records[n][name]
    return records


def rows(columns: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one object a row."""
    read = {name: column(of) for name, of in columns.items()}
    count = len(next(iter(read.values())))
    return [{name: values[n] for name, values in read.items()} for n in range(count)]


def column(of: Any) -> list[Any]:
    """Return the values of a column."""
    if isinstance(of, str):
        return [piece or None for piece in of.split("|")]
    if isinstance(of, list):
        return of
    if "shared" in of:
        texts = [""]
        for shared, rest in zip(of["shared"], of["rest"].split("|"), strict=True):
            texts.append(texts[-1][:shared] + rest)
        return texts[1:]
    if "lengths" in of:
        items = iter(column(of["items"]))
        return [[next(items) for _ in range(length)] for length in of["lengths"]]
    return rows(of["table"])
