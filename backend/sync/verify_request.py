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

from sync_protocol.change import Stream
from sync_protocol.checksum import Checksum
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.segment import KeyRange
from sync_protocol.verify import LoadedRange, LoadedStream, LoadedVerifyRequest

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


def parse_request(request: LoadedVerifyRequest) -> VerifyRequest:
    """Return the step in *request*, in which `faults` finds none."""
    sums = request["sums"]
    return VerifyRequest(
        sums=None if sums is None else {_stream(s): Checksum(s["count"], int(s["sum"], 16)) for s in sums},
        split=[(_stream(item), _keys(item)) for item in request["split"]],
        rows=[
            (_stream(item), _keys(item), {key: int(hash, 16) for key, hash in item["rows"]})
            for item in request["rows"]
        ],
    )


def faults(request: LoadedVerifyRequest) -> Iterator[Fault]:
    """Yield faults that the schema does not find: no step, a stream twice, empty or overlapping ranges.

    Overlapping ranges would let one request read a stream many times.
    """
    sums = request["sums"]
    if sums is None and not request["split"] and not request["rows"]:
        yield Fault(ErrorCode.FIELD_MISSING, "sums", "starts a verification; `split` or `rows` continue it")
    if sums is not None and len({_stream(item) for item in sums}) < len(sums):
        yield Fault(ErrorCode.FIELD_INVALID, "sums", "names a stream twice")
    items: list[tuple[str, LoadedRange, list[tuple[str, str]]]] = [
        *((f"split[{n}]", item, []) for n, item in enumerate(request["split"])),
        *((f"rows[{n}]", item, item["rows"]) for n, item in enumerate(request["rows"])),
    ]
    ranges: list[tuple[Stream, KeyRange, str]] = []
    for path, item, rows in items:
        keys = _keys(item)
        if keys.end is not None and keys.end <= keys.start:
            yield Fault(ErrorCode.FIELD_INVALID, f"{path}.to", "must be above `from`")
        if any(key not in keys for key, _ in rows):
            yield Fault(ErrorCode.FIELD_INVALID, f"{path}.rows", "has a key outside the range")
        ranges.append((_stream(item), keys, path))
    ranges.sort(key=lambda entry: (entry[0], entry[1].start))
    for (stream, keys, _), (following, next_keys, path) in pairwise(ranges):
        if stream == following and next_keys.start in keys:
            yield Fault(ErrorCode.FIELD_INVALID, path, "overlaps another range")


def _stream(item: LoadedStream) -> Stream:
    return item["channel"], item["collection"]


def _keys(item: LoadedRange) -> KeyRange:
    return KeyRange(item["from_"], item["to"])
