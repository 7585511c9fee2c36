"""Verify: finding the rows in which a device differs from the server, and mending exactly those.

A device that has applied a complete page compares its own checksum with the page's `check`. Where they
differ it asks, with the cursor it holds, and drills down: from all to streams, from a stream to key
ranges, from a small range to rows. Each answer holds under that cursor; a repair is applied only by a
device that still holds it, and overrides the positions held.
"""

from marshmallow import fields, validate

from sync_protocol.fields import Count, Hash, Key, Text
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

    rows = fields.List(
        fields.Tuple((Key(), Hash())), required=True, validate=validate.Length(max=LIMITS.verify_rows)
    )


class VerifyRequestSchema(TolerantSchema):
    """`POST /v1/verify`. `sums` begins, with every stream of which the device holds rows; `split` and `rows`
    go on."""

    cursor = Text(16 * 1024, required=True)
    schema = Count(load_default=1, least=1, most=1_000_000)
    sums = fields.List(
        fields.Nested(StreamSumSchema),
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=LIMITS.verify_streams),
    )
    split = fields.List(
        fields.Nested(RangeSchema), load_default=list, validate=validate.Length(max=LIMITS.verify_ranges)
    )
    rows = fields.List(
        fields.Nested(RangeRowsSchema), load_default=list, validate=validate.Length(max=LIMITS.verify_ranges)
    )


class RepairSchema(StreamSchema):
    """Rows of one stream that differ: `put` holds [position, record], `gone` keys that do not belong there."""

    put = fields.List(fields.Raw(), required=True)
    gone = fields.List(Key(), required=True)


class VerifyReplySchema(TolerantSchema):
    """What differs.

    `pull_first`: these streams have moved on; pull, then verify again. `drop`: the device holds rows of these
    and does not hear them, or differs so much that it had better begin them again; it deletes their rows and
    takes `cursor` in place of its own. `ranges`: the parts of what differs, as the server has them; those in
    which the device differs are to be split further, or sent row by row once both sides have few. `repairs`:
    the rows that differ.
    """

    epoch = Text(40, required=True)
    cursor = Text(16 * 1024, required=True, allow_none=True)
    drop = fields.List(fields.List(Key()), required=True)
    pull_first = fields.List(fields.List(Key()), required=True)
    ranges = fields.List(fields.Nested(RangeSumSchema), required=True)
    repairs = fields.List(fields.Nested(RepairSchema), required=True)
