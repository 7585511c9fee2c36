"""Pull: the page.

A page is one snapshot. A device applies it whole, with its cursor, in one transaction, and only if it
still holds the cursor it asked with. Within it `reset` comes first (delete the replica, keep the
outbox), then `drop`, then the changes by the rule that the newest position wins.
"""

from marshmallow import EXCLUDE, Schema, fields, validate

from sync_protocol.fields import Choice, Count, Flag, Instant, Key, Text
from sync_protocol.limits import LIMITS
from sync_protocol.push import ResultSchema

RESET_EPOCH = "epoch_changed"
"""The cursor was of another history of positions: hold nothing of the old one."""


class ChangesSchema(Schema):
    """Changes of one stream, ascending by position. `put` holds [position, record], `gone` [position, key]."""

    class Meta:
        unknown = EXCLUDE

    channel = Text(80, required=True)
    collection = Text(40, required=True)
    put = fields.List(fields.Raw(), required=True)
    gone = fields.List(fields.Raw(), required=True)


class PageSchema(Schema):
    """One page of the feed. `complete` is true only if nothing above the cursor remained in its snapshot."""

    class Meta:
        unknown = EXCLUDE

    epoch = Text(40, required=True)
    cursor = Text(required=True, longest=16 * 1024)
    complete = Flag(required=True)
    reset = Choice(RESET_EPOCH, required=True, allow_none=True)
    drop = fields.List(fields.List(Key()), required=True)
    changes = fields.List(fields.Nested(ChangesSchema), required=True)
    server_time = Instant(required=True)
    poll_after = Count(required=True)


class SyncRequestSchema(Schema):
    """`POST /v1/sync`: the cursor (null at first) and the outbox, in one round trip."""

    class Meta:
        unknown = EXCLUDE

    cursor = Text(longest=16 * 1024, load_default=None, allow_none=True)
    submissions = fields.List(
        fields.Raw(allow_none=True), load_default=list, validate=validate.Length(max=LIMITS.push_submissions)
    )
    limit_bytes = Count(load_default=None, allow_none=True)
    schema = Count(load_default=1, least=1, most=1_000_000)


class SyncReplySchema(Schema):
    """Results of the push, and the page that was read after it committed.

    Where no page can be given (a cursor that is not ours, a server that is behind), `page` is null and
    `problem` says why; the results stand all the same.
    """

    results = fields.List(fields.Nested(ResultSchema), required=True)
    page = fields.Nested(PageSchema, required=True, allow_none=True)
    problem = fields.Dict(load_default=None, allow_none=True)
