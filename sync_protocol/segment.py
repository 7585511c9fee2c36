"""Segments: one key range of a stream as a column-major, compressed file, shared by all devices of the stream.

A segment contains no position; the offer in the page does. So an unchanged key range always gives the same
bytes and the same name, and a device that has it need not fetch it again.

    {"v": 1, "channel": "territory:NW", "collection": "customers", "from": "", "to": "C2000", "key": "id",
     "columns": {"city": "Bern|Thun|", "id": {"shared": [0, 2, 1], "rest": "C1|7|9"}}, "absent": {"city": [2]}}

`columns` have the field order of canonical JSON, each in a form of `sync_protocol.columns`. `key` names the
field with the record's key; the key is nowhere else. If a record lacks a field, the column has null there, and
`absent` lists the row's index. Ranges include `from` and exclude `to` (null: no upper bound). Keys compare by
their UTF-8 bytes.
"""

import hashlib
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from sync_protocol import columns
from sync_protocol.catalogue import key_field
from sync_protocol.change import Stream
from sync_protocol.columns import Column
from sync_protocol.inflate import GZIP, InflateError, inflate
from sync_protocol.json_types import NewRecord

VERSION = 1
MEDIA_TYPE = "application/vnd.satchel.segment"
"""Of the compressed bytes. They are sent without Content-Encoding, so that byte ranges can be requested."""
_LEVEL, _MEMORY, _STRATEGY = 9, 5, zlib.Z_FILTERED
"""Columns differ from one another. With less memory, zlib adapts its codes more often; `Z_FILTERED` avoids
short matches among digits. The result has a tenth fewer bytes than with zlib's defaults."""


class SegmentDamaged(ValueError):
    """The bytes are not a segment, or not the one that was offered."""


@dataclass(frozen=True)
class KeyRange:
    """The keys from *start* (included) to *end* (excluded; None: no upper bound)."""

    start: str = ""
    end: str | None = None

    def __contains__(self, key: str) -> bool:
        return key >= self.start and (self.end is None or key < self.end)


@dataclass(frozen=True)
class Segment:
    """A decoded segment.

    *keys* ascend. *fields*: a column per field. *absent*: per field, the indexes of the rows without it.
    """

    stream: Stream
    range: KeyRange
    keys: list[str]
    fields: dict[str, Column]
    absent: dict[str, list[int]]

    @cached_property
    def rows(self) -> list[tuple[str, str]]:
        """(key, canonical JSON of the record), ascending by key."""
        return list(zip(self.keys, self._bodies(), strict=True))

    def records(self) -> list[NewRecord]:
        """Return the records, ascending by key."""
        records = columns.records(self.fields)
        for name, missing in self.absent.items():
            for n in missing:
                del records[n][name]
        return records

    def values(self, name: str) -> list[Any] | None:
        """Return the values of a field, None for records without it; None if no record has it."""
        return columns.values(self.fields[name]) if name in self.fields else None

    def _bodies(self) -> Iterator[str]:
        """Yield each record as canonical JSON: columns and nested objects are in canonical order already."""
        written = {name: columns.written(column) for name, column in self.fields.items()}
        absent: dict[int, set[str]] = {}
        for name, missing in self.absent.items():
            for n in missing:
                absent.setdefault(n, set()).add(name)
        for n, body in enumerate(columns.filled(columns.joined(written))):
            if n not in absent:
                yield body
                continue
            present = {name: value for name, value in written.items() if name not in absent[n]}
            yield columns.filled_at(columns.joined(present), n)


def encode(stream: Stream, range: KeyRange, rows: Sequence[tuple[str, str]]) -> bytes:
    """Return the file of *rows*: (key, canonical JSON of the record), ascending by key, all inside *range*.

    Raises `ValueError` if a record does not have its key in the field that its collection declares.
    """
    channel, collection = stream
    key = key_field(collection)
    records = [json.loads(body) for _, body in rows]
    if any(record.get(key) != named for (named, _), record in zip(rows, records, strict=True)):
        raise ValueError(f"a record of {collection} does not hold its key in {key}")
    names = sorted({key}.union(*records), key=_utf16)
    absent = {name: [n for n, record in enumerate(records) if name not in record] for name in names}
    value = {
        "v": VERSION,
        "channel": channel,
        "collection": collection,
        "from": range.start,
        "to": range.end,
        "key": key,
        "columns": {name: columns.pack([record.get(name) for record in records]) for name in names},
        "absent": {name: missing for name, missing in absent.items() if missing},
    }
    return compress(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def compress(plain: bytes) -> bytes:
    """Return *plain* as gzip without a time stamp: equal input gives equal bytes, whose sha256 is the name."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, GZIP, _MEMORY, _STRATEGY)
    return packer.compress(plain) + packer.flush()


def name_of(data: bytes) -> str:
    """Return the name of a segment: the sha256 of its bytes in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def decode(data: bytes, *, sha256: str, most: int) -> Segment:
    """Return the segment in *data*; raises `SegmentDamaged`.

    *sha256* is the name that was offered. A segment with more than *most* bytes after decompression is refused.
    """
    if name_of(data) != sha256:
        raise SegmentDamaged("the sha256 of its bytes is not its name")
    try:
        plain = inflate([data], most)
        return _read(json.loads(plain, parse_float=_no_float))
    except SegmentDamaged:
        raise
    except InflateError as error:
        raise SegmentDamaged(f"its gzip data {error}") from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise SegmentDamaged(f"it cannot be read: {error}") from None


def _read(value: Any) -> Segment:
    if value["v"] != VERSION:
        raise SegmentDamaged(f"it has version {value['v']}")
    range, fields, absent = KeyRange(value["from"], value["to"]), value["columns"], value["absent"]
    counts = set(map(columns.count, fields.values()))
    if len(counts) != 1:
        raise SegmentDamaged("its columns have different lengths")
    keys = columns.values(fields[value["key"]])
    if any(key not in range for key in keys) or any(a >= b for a, b in pairwise(keys)):
        raise SegmentDamaged("its keys are out of range or out of order")
    if any(name not in fields or not _are_rows(missing, len(keys)) for name, missing in absent.items()):
        raise SegmentDamaged("`absent` names rows or fields that it does not have")
    return Segment((value["channel"], value["collection"]), range, keys, fields, absent)


def _are_rows(value: list[Any], count: int) -> bool:
    """Say whether *value* lists distinct indexes of *count* rows."""
    return all(type(n) is int and 0 <= n < count for n in value) and len(set(value)) == len(value)


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-be", "surrogatepass")


def _no_float(text: str) -> Any:
    raise SegmentDamaged(f"it contains the number {text}, and floats are not allowed")
