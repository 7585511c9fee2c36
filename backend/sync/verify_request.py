"""What a device asks in one step of a verification, once it is known to make sense."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sync_protocol.change import Stream
from sync_protocol.checksum import Checksum
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.segment import KeyRange

HeldSums = Mapping[str, int]
"""Hashes of the rows that the device has in a range, by key."""


@dataclass(frozen=True)
class VerifyRequest:
    """One step: sums of streams (None: not this step), ranges to split, ranges with the device's rows."""

    sums: Mapping[Stream, Checksum] | None = None
    split: Sequence[tuple[Stream, KeyRange]] = ()
    rows: Sequence[tuple[Stream, KeyRange, HeldSums]] = ()


def parse_request(asked: Mapping[str, Any]) -> VerifyRequest:
    """Return the question in a request that `VerifyRequestSchema` has loaded and that `faults` are none of."""
    sums = asked["sums"]
    return VerifyRequest(
        sums=None if sums is None else {_stream(s): Checksum(s["count"], int(s["sum"], 16)) for s in sums},
        split=[(_stream(item), _keys(item)) for item in asked["split"]],
        rows=[
            (_stream(item), _keys(item), {key: int(hash, 16) for key, hash in item["rows"]})
            for item in asked["rows"]
        ],
    )


def faults(asked: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield what the schema does not see: nothing asked, a stream named twice, ranges that are none or overlap.

    Ranges that overlap would let one request read a stream over and over.
    """
    sums = asked["sums"]
    if sums is None and not asked["split"] and not asked["rows"]:
        yield Fault(ErrorCode.FIELD_MISSING, "sums", "begins a verification; split or rows go on with one")
    if sums is not None and len({_stream(item) for item in sums}) < len(sums):
        yield Fault(ErrorCode.FIELD_INVALID, "sums", "names a stream twice")
    taken: list[tuple[Stream, KeyRange, str]] = []
    for part in ("split", "rows"):
        for n, item in enumerate(asked[part]):
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
