"""Submissions: the states of captured documents, in the same feed as all other data."""

from marshmallow import fields

from sync_protocol.channel import by_field
from sync_protocol.collection import SATCHEL, Collection, RecordSchema
from sync_protocol.fields import Choice, Instant, Key, Prose, ReceiptRef, Sha256, Text, Ulid
from sync_protocol.presentation import ListView
from sync_protocol.push import FaultSchema
from sync_protocol.submission import TITLE_CHARACTERS, Decision, State


class SubmissionRecordSchema(RecordSchema):
    id = Ulid(required=True)
    rep = Key(required=True)
    kind = Text(40, required=True, metadata={"names": "kinds"})
    title = Prose(TITLE_CHARACTERS, required=True)
    captured_at = Instant(required=True)
    received_at = Instant(required=True)
    updated_at = Instant(required=True)
    sha256 = Sha256(required=True)
    state = Choice(*[state.value for state in State], required=True)
    erp_number = Prose(80, required=True, allow_none=True)
    reason = Prose(1000, required=True, allow_none=True)
    """The reason for the state, as an English sentence, or in the words of the ERP or the office."""
    reason_code = Text(60, allow_none=True, metadata={"hidden": True})
    """The code of the reason's template in the contract; null or absent: it has none."""
    parameters = fields.Dict(allow_none=True)
    """The parameters of the template; null or absent: there is none."""
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
    columns=("id", "kind", "title", "state", "erp_number", "reason"),
    view=ListView(sort=(("captured_at", "descending"),), search=("title", "erp_number")),
)
