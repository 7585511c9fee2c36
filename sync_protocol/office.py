"""What the office's API takes and gives. It is no part of what phones speak."""

from marshmallow import EXCLUDE, Schema, fields

from sync_protocol.fields import Choice, Flag, Instant, Key, Text, Ulid
from sync_protocol.submission import Decision, State

OWNERS = ("rep", "office", "it", "erp")
OFFICE_ACTIONS = ("reserve", "release", "retry", "fix", "link", "cancel", "return", "done")


class ParkedSchema(Schema):
    """A document that waits for somebody, or what has become of it."""

    id = Ulid(required=True)
    kind = Text(40, required=True)
    title = Text(300, required=True)
    rep = Key(required=True)
    state = Choice(*[state.value for state in State], required=True)
    decision = Choice(*[decision.value for decision in Decision], required=True, allow_none=True)
    error_class = Text(20, required=True, allow_none=True)
    """Its class, a row of the table of causes; like owner and advice, null for what is not parked any more."""
    owner = Choice(*OWNERS, required=True, allow_none=True)
    reason = Text(1000, required=True)
    """Plain words."""
    raw = Text(4000, required=True, allow_none=True)
    """The ERP's own words."""
    advice = Text(1000, required=True, allow_none=True)
    """What to do about it."""
    since = Instant(required=True)
    received_at = Instant(required=True)
    reserved_by = Text(120, required=True, allow_none=True)
    reserved_until = Instant(required=True, allow_none=True)
    erp_number = Text(80, required=True, allow_none=True)
    superseded_by = Ulid(required=True, allow_none=True)
    body = fields.Dict(required=True)


class ParkedListSchema(Schema):
    """What is parked, that which has waited longest first."""

    documents = fields.List(fields.Nested(ParkedSchema), required=True)


class OfficeActionSchema(Schema):
    """What is to be done; `why` is needed to cancel or return, `number` to link, `body` to fix."""

    class Meta:
        unknown = EXCLUDE

    why = Text(1000, load_default="")
    force = Flag(load_default=False)
    """Although somebody else is working on it."""
    number = Text(80, load_default=None, allow_none=True)
    body = fields.Dict(load_default=None, allow_none=True)
