"""Segments: one stream and key range as a column-major, compressed file, shared by all who hear it.

A segment holds no position: the offer in the page does. So a key range in which nothing has changed gives
the same bytes, and with them the same name, whenever it is built, and whoever has it need not fetch it again.

    {"v": 1, "channel": "territory:NW", "collection": "customers", "from": "", "to": "C2000",
     "keys": ["C1", …], "columns": {"city": ["Bern", …], …}, "absent": {"city": [4, 17]}}

`columns` are in the order of the canonical JSON of a record; the field that is the key is a column like any
other. Where a record does not have a field its column holds null, and `absent` lists the row. Ranges include
`from` and exclude `to` (null: to the end); keys compare by the bytes of their UTF-8.
"""

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from json.encoder import encode_basestring
from typing import Any

from sync_protocol.change import Stream

VERSION = 1
MEDIA_TYPE = "application/vnd.satchel.segment"
"""Of the compressed bytes; they travel without Content-Encoding, so that ranges of them can be asked for."""
LEVEL = 9
_write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


class SegmentDamaged(ValueError):
    """The bytes are not a segment, or not the one that was offered."""


@dataclass(frozen=True)
class KeyRange:
    """The keys from *start* on, below *end* (None: all above)."""

    start: str = ""
    end: str | None = None

    def __contains__(self, key: str) -> bool:
        return key >= self.start and (self.end is None or key < self.end)


@dataclass(frozen=True)
class Segment:
    """What a segment holds, decoded: *rows* are (key, canonical JSON of the record), ascending by key.

    *columns* have the same values field by field, null where a record lacks the field.
    """

    stream: Stream
    range: KeyRange
    rows: list[tuple[str, str]]
    columns: dict[str, list[Any]]


def encode(stream: Stream, range: KeyRange, rows: Sequence[tuple[str, str]]) -> bytes:
    """Return the file of *rows*: (key, canonical JSON of the record), ascending by key, all inside *range*."""
    records = [json.loads(body) for _, body in rows]
    names = sorted({name for record in records for name in record}, key=_utf16)
    columns = {name: [record.get(name) for record in records] for name in names}
    absent = {name: [n for n, record in enumerate(records) if name not in record] for name in names}
    channel, collection = stream
    value = {
        "v": VERSION,
        "channel": channel,
        "collection": collection,
        "from": range.start,
        "to": range.end,
        "keys": [key for key, _ in rows],
        "columns": columns,
        "absent": {name: missing for name, missing in absent.items() if missing},
    }
    plain = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    # The name is the digest of these bytes, so they must not hold the hour.
    return gzip.compress(plain, LEVEL, mtime=0)


def name_of(data: bytes) -> str:
    """Return the name of a segment's bytes: their sha256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def decode(data: bytes, *, sha256: str, most: int) -> Segment:
    """Return what a segment's bytes hold; raises `SegmentDamaged`.

    *sha256* is the name it was offered under; of more than *most* bytes after inflating nothing is read.
    """
    if name_of(data) != sha256:
        raise SegmentDamaged("its bytes are not those that its name stands for")
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        plain = inflater.decompress(data, most)
        if not inflater.eof or inflater.unused_data:
            raise SegmentDamaged("it does not end where its bytes end")
        return _read(json.loads(plain, parse_float=_no_float))
    except SegmentDamaged:
        raise
    except (zlib.error, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise SegmentDamaged(f"it cannot be read: {error}") from None


def _read(value: Any) -> Segment:
    if value["v"] != VERSION:
        raise SegmentDamaged(f"it is of version {value['v']}")
    range = KeyRange(value["from"], value["to"])
    keys = value["keys"]
    if any(len(column) != len(keys) for column in value["columns"].values()):
        raise SegmentDamaged("its columns are not of one length")
    if any(key not in range for key in keys) or any(a >= b for a, b in pairwise(keys)):
        raise SegmentDamaged("its keys are out of range or out of order")
    bodies = _bodies(value["columns"], _lacking(value["absent"]), len(keys))
    rows = list(zip(keys, bodies, strict=True))
    return Segment((value["channel"], value["collection"]), range, rows, value["columns"])


def _lacking(absent: dict[str, list[int]]) -> dict[int, set[str]]:
    lacking: dict[int, set[str]] = {}
    for name, rows in absent.items():
        for n in rows:
            lacking.setdefault(n, set()).add(name)
    return lacking


def _bodies(columns: dict[str, list[Any]], lacking: dict[int, set[str]], count: int) -> Iterator[str]:
    """Yield each record as canonical JSON: columns stand in canonical order, and so does what is nested.

    Each column is written by itself and the rows are filled into one template, which takes a third of the time
    that writing record by record does.
    """
    names = [encode_basestring(name) for name in columns]
    written = [_written(column) for column in columns.values()]
    whole = "{" + ",".join(f"{name.replace('%', '%%')}:%s" for name in names) + "}"
    # A record without fields has no columns to be read from.
    for n, values in enumerate(zip(*written, strict=True) if names else ((),) * count):
        if n not in lacking:
            yield whole % values
            continue
        kept = (
            f"{written_name}:{value}"
            for name, written_name, value in zip(columns, names, values, strict=True)
            if name not in lacking[n]
        )
        yield "{" + ",".join(kept) + "}"


def _written(column: list[Any]) -> list[str]:
    """Return each value as JSON."""
    return [
        encode_basestring(value) if type(value) is str else "null" if value is None else _write(value)
        for value in column
    ]


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-be", "surrogatepass")


def _no_float(text: str) -> Any:
    raise SegmentDamaged(f"it holds the number {text}, and nothing on the wire is a float")
