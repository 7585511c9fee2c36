"""Submissions: the states of captured documents, in the same feed as all other data."""

from marshmallow import fields

from sync_protocol.channel import by_field
from sync_protocol.collection import SATCHEL, Collection, RecordSchema
from sync_protocol.fields import Choice, Instant, Key, ReceiptRef, Sha256, Text, Ulid
from sync_protocol.push import FaultSchema
from sync_protocol.submission import Decision, State


class SubmissionRecordSchema(RecordSchema):
    id = Ulid(required=True)
    rep = Key(required=True)
    kind = Text(40, required=True)
    title = Text(300, required=True)
    captured_at = Instant(required=True)
    received_at = Instant(required=True)
    updated_at = Instant(required=True)
    sha256 = Sha256(required=True)
    state = Choice(*[state.value for state in State], required=True)
    erp_number = Text(80, required=True, allow_none=True)
    reason = Text(1000, required=True, allow_none=True)
    """The reason for the state, as a sentence."""
    decision = Choice(*[decision.value for decision in Decision], required=True, allow_none=True)
    """The office's decision."""
    errors = fields.List(fields.Nested(FaultSchema), required=True)
    missing = fields.List(ReceiptRef(), required=True)
    """Receipts that have not arrived yet."""
    supersedes = Ulid(required=True, allow_none=True)
    superseded_by = Ulid(required=True, allow_none=True)
    body = fields.Dict(required=True)


SUBMISSIONS = Collection(
    name="submissions",
    summary="The documents that the rep captured, with their states.",
    schema=SubmissionRecordSchema,
    channel=by_field("rep"),
    priority=1,
    authority=SATCHEL,
)
