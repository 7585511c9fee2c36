"""The request of one verification step, parsed and checked.

As it travels (`sync_protocol.verify.VerifyRequestSchema`), where a range is channel, collection, from, to:

    {"cursor": "…", "schema": 2, "app_version": "…",
     "sums": [{channel, collection, count, sum}],    of every stream with rows; null if this is a later step
     "split": [range],                                ranges to be split further
     "rows": [range + {"rows": [[key, hash]]}]}       ranges with the device's rows

A hash or a sum is 16 hexadecimal digits.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sync_protocol.change import Stream
from sync_protocol.checksum import Checksum
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.segment import KeyRange

RowHashes = Mapping[str, int]
"""The hashes of the device's rows in a range, by key."""


@dataclass(frozen=True)
class VerifyRequest:
    """One step of a verification.

    *sums* holds the checksums of the device's streams (None: they are not compared in this step), *split* the
    ranges to split, *rows* ranges with the hashes of the device's rows.
    """

    sums: Mapping[Stream, Checksum] | None = None
    split: Sequence[tuple[Stream, KeyRange]] = ()
    rows: Sequence[tuple[Stream, KeyRange, RowHashes]] = ()


def parse_request(request: Mapping[str, Any]) -> VerifyRequest:
    """Return the step in *request*, which `VerifyRequestSchema` has loaded and in which `faults` found none."""
    sums = request["sums"]
    return VerifyRequest(
        sums=None if sums is None else {_stream(s): Checksum(s["count"], int(s["sum"], 16)) for s in sums},
        split=[(_stream(item), _keys(item)) for item in request["split"]],
        rows=[
            (_stream(item), _keys(item), {key: int(hash, 16) for key, hash in item["rows"]})
            for item in request["rows"]
        ],
    )


def faults(request: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield faults that the schema does not find: no step, a stream twice, empty or overlapping ranges.

    Overlapping ranges would let one request read a stream many times.
    """
    sums = request["sums"]
    if sums is None and not request["split"] and not request["rows"]:
        yield Fault(ErrorCode.FIELD_MISSING, "sums", "starts a verification; `split` or `rows` continue it")
    if sums is not None and len({_stream(item) for item in sums}) < len(sums):
        yield Fault(ErrorCode.FIELD_INVALID, "sums", "names a stream twice")
    taken: list[tuple[Stream, KeyRange, str]] = []
    for part in ("split", "rows"):
        for n, item in enumerate(request[part]):
            keys, where = _keys(item), f"{part}[{n}]"
            if keys.end is not None and keys.end <= keys.start:
                yield Fault(ErrorCode.FIELD_INVALID, f"{where}.to", "must be above `from`")
            if any(key not in keys for key, _ in item.get("rows", ())):
                yield Fault(ErrorCode.FIELD_INVALID, f"{where}.rows", "has a key outside the range")
            taken.append((_stream(item), keys, where))
    taken.sort(key=lambda entry: (entry[0], entry[1].start))
    for (stream, keys, _), (following, next_keys, where) in pairwise(taken):
        if stream == following and next_keys.start in keys:
            yield Fault(ErrorCode.FIELD_INVALID, where, "overlaps another range")


def _stream(item: Mapping[str, Any]) -> Stream:
    return item["channel"], item["collection"]


def _keys(item: Mapping[str, Any]) -> KeyRange:
    return KeyRange(item["from_"], item["to"])
