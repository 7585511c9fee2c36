"""Pull: the page.

A page is one snapshot. A device applies it completely, with its cursor, in one transaction, and only if it
still has the cursor that it sent. `reset` is applied first (delete or rebase the replica, keep the outbox),
then `drop`, then the changes by the rule that the newest position wins.

For streams that the device does not have yet, a page may offer segments instead of rows. The page is stored at
once; `then` replaces its cursor when the last segment has been applied.
"""

from marshmallow import EXCLUDE, Schema, fields

from sync_protocol.fields import Bounded, Choice, Count, Flag, Hash, Instant, Sha256, StreamName, Text
from sync_protocol.limits import LIMITS
from sync_protocol.push import ResultSchema

RESET_EPOCH = "epoch_changed"
"""The cursor belongs to another history of positions: delete the replica."""
RESET_REBASE = "epoch_rebased"
"""The cursor belongs to another history: keep the rows, set their position to `head`, and compare checksums.

Only for devices of revision 2 and later, which can repair a replica."""
SEGMENTS_SINCE = 2
"""The schema revision that introduced segments, checksums and rebasing."""


class TolerantSchema(Schema):
    """Base of requests and replies: fields of a newer version are ignored."""

    class Meta:
        unknown = EXCLUDE


class ChangesSchema(TolerantSchema):
    """Changes of one stream, ascending by position. `put` holds [position, record], `gone` [position, key]."""

    channel = Text(80, required=True)
    collection = Text(40, required=True)
    put = fields.List(fields.Raw(), required=True)
    gone = fields.List(fields.Raw(), required=True)


class OfferSchema(TolerantSchema):
    """A segment of one stream at *position*; its key range includes `from` and excludes `to` (null: the end).

    `url` is an address from which it can be fetched without a token, for a limited time; null means
    `/v1/segments/<sha256>`.
    """

    channel = Text(80, required=True)
    collection = Text(40, required=True)
    priority = Count(required=True)
    from_ = Text(128, required=True, data_key="from")
    to = Text(128, required=True, allow_none=True)
    sha256 = Sha256(required=True)
    bytes = Count(required=True)
    rows = Count(required=True)
    position = Count(required=True)
    url = Text(4096, required=True, allow_none=True)


class ChecksumSchema(TolerantSchema):
    """Count of rows, and the sum of their hashes modulo 2^64 as 16 hexadecimal digits."""

    count = Count(required=True)
    sum = Hash(required=True)


class PageSchema(TolerantSchema):
    """One page of the feed. `complete` is true only if nothing above the cursor remained in its snapshot.

    A complete page states in `check` the checksum of the replica after applying it: all rows of all streams.
    """

    epoch = Text(40, required=True)
    cursor = Text(required=True, longest=16 * 1024)
    complete = Flag(required=True)
    head = Count(required=True)
    reset = Choice(RESET_EPOCH, RESET_REBASE, required=True, allow_none=True)
    drop = fields.List(StreamName(), required=True)
    changes = fields.List(fields.Nested(ChangesSchema), required=True)
    segments = fields.List(fields.Nested(OfferSchema), required=True)
    then = Text(required=True, longest=16 * 1024, allow_none=True)
    check = fields.Nested(ChecksumSchema, required=True, allow_none=True)
    server_time = Instant(required=True)
    poll_after = Count(required=True)


class SyncRequestSchema(TolerantSchema):
    """`POST /v1/sync`: the cursor (null at first) and the outbox, in one round trip."""

    cursor = Text(longest=16 * 1024, load_default=None, allow_none=True)
    submissions = Bounded(fields.Raw(allow_none=True), most=LIMITS.push_submissions, load_default=list)
    limit_bytes = Count(load_default=None, allow_none=True)
    schema = Count(load_default=1, least=1, most=1_000_000)


class SyncReplySchema(Schema):
    """Results of the push, and the page that was read after the push was committed.

    If there is no page (an unknown cursor, a server that is behind), `page` is null and `problem` says why. The
    results are valid in any case.
    """

    results = fields.List(fields.Nested(ResultSchema), required=True)
    page = fields.Nested(PageSchema, required=True, allow_none=True)
    problem = fields.Dict(load_default=None, allow_none=True)
