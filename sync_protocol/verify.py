"""Verify: finding the rows in which a device differs from the server, and mending exactly those.

A device that has applied a complete page compares its own checksum with the page's `check`. Where they
differ it asks, with the cursor it holds, and drills down: from all to streams, from a stream to key
ranges, from a small range to rows. Each answer holds under that cursor; a repair is applied only by a
device that still holds it, and overrides the positions held.

What to ask next, for each of the `ranges` in an answer in which the device's own count or sum differs: if
the server has more than `verify_rows` rows there, the range in `split`; else the rows that the device has
there in `rows`. Has the device more than `verify_rows` itself, it cuts the range into pieces of at most so
many rows, at keys of its own. So each step makes smaller what is left, whichever side has too much.
"""

from marshmallow import fields

from sync_protocol.fields import Bounded, Count, Hash, Key, StreamName, Text
from sync_protocol.limits import LIMITS
from sync_protocol.pull import ChecksumSchema, TolerantSchema


class StreamSchema(TolerantSchema):
    """A stream."""

    channel = Text(80, required=True)
    collection = Text(40, required=True)


class StreamSumSchema(StreamSchema, ChecksumSchema):
    """What the device holds of a stream."""


class RangeSchema(StreamSchema):
    """The keys of a stream from `from` on, below `to` (null: all above)."""

    from_ = Text(128, required=True, data_key="from")
    to = Text(128, required=True, allow_none=True)


class RangeSumSchema(RangeSchema, ChecksumSchema):
    """What the server holds of a key range."""


class RangeRowsSchema(RangeSchema):
    """What the device holds of a small range: `[key, hash]` of each row."""

    rows = Bounded(fields.Tuple((Key(), Hash())), most=LIMITS.verify_rows, required=True)


class VerifyRequestSchema(TolerantSchema):
    """`POST /v1/verify`. `sums` begins, with every stream of which the device holds rows; `split` and `rows`
    go on. Ranges do not overlap."""

    cursor = Text(16 * 1024, required=True)
    schema = Count(load_default=1, least=1, most=1_000_000)
    app_version = Text(60, load_default=None, allow_none=True)
    """What the app calls itself, for whoever looks for the cause; null: as it was when it enrolled."""
    sums = Bounded(
        fields.Nested(StreamSumSchema), most=LIMITS.verify_streams, load_default=None, allow_none=True
    )
    split = Bounded(fields.Nested(RangeSchema), most=LIMITS.verify_ranges, load_default=list)
    rows = Bounded(fields.Nested(RangeRowsSchema), most=LIMITS.verify_ranges, load_default=list)


class RepairSchema(StreamSchema):
    """Rows of one stream that differ: `put` holds [position, record], `gone` keys that do not belong there."""

    put = fields.List(fields.Raw(), required=True)
    gone = fields.List(Key(), required=True)


class VerifyReplySchema(TolerantSchema):
    """What differs.

    `pull_first`: these streams have moved on; pull, then verify again. `drop`: the device holds rows of these
    and does not hear them, or differs so much that it had better begin them again; it deletes their rows and
    takes `cursor` in place of its own (null: it keeps its own). `ranges`: the parts of what differs, as the
    server has them, for the next step; also parts of a range in `rows` that had too many rows, or that found
    no room in the answer. `repairs`: the rows that differ. What is named nowhere is equal.
    """

    epoch = Text(40, required=True)
    cursor = Text(16 * 1024, required=True, allow_none=True)
    drop = fields.List(StreamName(), required=True)
    pull_first = fields.List(StreamName(), required=True)
    ranges = fields.List(fields.Nested(RangeSumSchema), required=True)
    repairs = fields.List(fields.Nested(RepairSchema), required=True)
