"""Verify: find the rows in which a device differs from the server, and repair only those.

After a complete page a device compares its own checksum with the page's `check`. If they differ, it sends
requests with its cursor and narrows down: from all rows to streams, from a stream to key ranges, from a small
range to rows. Each reply is valid under that cursor. A repair is applied only by a device that still has the
cursor, and replaces rows of any position.

The next request, for each of the `ranges` in a reply in which the device's own count or sum differs: if the
server has more than `verify_rows` rows there, the range goes into `split`; else the device's rows of the range
go into `rows`. If the device has more than `verify_rows` rows there itself, it cuts the range at its own keys
into pieces of at most that many. So each step makes the rest smaller, both if the device and if the server has
more rows.
"""

from typing import TypedDict

from marshmallow import fields

from sync_protocol.fields import Bounded, Count, Hash, Key, StreamName, Text
from sync_protocol.limits import LIMITS
from sync_protocol.pull import ChecksumSchema, TolerantSchema


class StreamSchema(TolerantSchema):
    """A stream."""

    channel = Text(80, required=True)
    collection = Text(40, required=True)


class StreamSumSchema(StreamSchema, ChecksumSchema):
    """The device's checksum of a stream."""


class RangeSchema(StreamSchema):
    """The keys of a stream from `from` (included) to `to` (excluded; null: no upper bound)."""

    from_ = Text(128, required=True, data_key="from")
    to = Text(128, required=True, allow_none=True)


class RangeSumSchema(RangeSchema, ChecksumSchema):
    """The server's checksum of a key range."""


class RangeRowsSchema(RangeSchema):
    """The device's rows of a small range: `[key, hash]` of each."""

    rows = Bounded(fields.Tuple((Key(), Hash())), most=LIMITS.verify_rows, required=True)


class LoadedStream(TypedDict):
    """A stream, as `StreamSchema` loads it."""

    channel: str
    collection: str


class LoadedSum(LoadedStream):
    """A stream's checksum, as `StreamSumSchema` loads it; *sum* is 16 hexadecimal digits."""

    count: int
    sum: str


class LoadedRange(LoadedStream):
    """A key range, as `RangeSchema` loads it; *to* is excluded, and None is no upper bound."""

    from_: str
    to: str | None


class LoadedRows(LoadedRange):
    """The rows of a range, as `RangeRowsSchema` loads it: (key, hash), the hash as 16 hexadecimal digits."""

    rows: list[tuple[str, str]]


class LoadedVerifyRequest(TypedDict):
    """A request, as `VerifyRequestSchema` loads it."""

    cursor: str
    schema: int
    app_version: str | None
    sums: list[LoadedSum] | None
    split: list[LoadedRange]
    rows: list[LoadedRows]


class VerifyRequestSchema(TolerantSchema):
    """`POST /v1/verify`.

    The first request has `sums`, with every stream of which the device has rows. Later requests have `split`
    and `rows`. Ranges do not overlap.
    """

    cursor = Text(16 * 1024, required=True)
    schema = Count(load_default=1, least=1, most=1_000_000)
    app_version = Text(60, load_default=None, allow_none=True)
    """Name and version of the app, to help find the cause; null: the same as at enrolment."""
    sums = Bounded(
        fields.Nested(StreamSumSchema), most=LIMITS.verify_streams, load_default=None, allow_none=True
    )
    split = Bounded(fields.Nested(RangeSchema), most=LIMITS.verify_ranges, load_default=list)
    rows = Bounded(fields.Nested(RangeRowsSchema), most=LIMITS.verify_ranges, load_default=list)


class RepairSchema(StreamSchema):
    """Rows of one stream that differ: `put` has [position, record], `gone` has keys of rows to delete."""

    put = fields.List(fields.Raw(), required=True)
    gone = fields.List(Key(), required=True)


class VerifyReplySchema(TolerantSchema):
    """The differences; everything that is not named is equal.

    `pull_first`: these streams have changed; pull, then verify again. `drop`: streams that the device may not
    read, or that differ so much that fetching them again is cheaper; the device deletes their rows and replaces
    its cursor by `cursor` (null: it keeps its own). `ranges`: the server's checksums of parts that differ, for
    the next request; they include parts of a range in `rows` that had too many rows, or for which the reply had
    no space. `repairs`: the rows that differ.
    """

    epoch = Text(40, required=True)
    cursor = Text(16 * 1024, required=True, allow_none=True)
    drop = fields.List(StreamName(), required=True)
    pull_first = fields.List(StreamName(), required=True)
    ranges = fields.List(fields.Nested(RangeSumSchema), required=True)
    repairs = fields.List(fields.Nested(RepairSchema), required=True)
