"""What the API of the office takes and returns. Phones do not use it.

The actions themselves are one table in `backend/office/actions.py`; a test compares the fields that they need
with `OfficeActionSchema`.
"""

from typing import TypedDict

from marshmallow import EXCLUDE, Schema, fields

from sync_protocol.errors import FaultJson
from sync_protocol.fields import Choice, Flag, Instant, Key, Text, Ulid
from sync_protocol.json_types import Body
from sync_protocol.push import FaultSchema
from sync_protocol.submission import TITLE_CHARACTERS, Decision, State

OWNERS = ("rep", "office", "it", "erp")
"""Who may have to act on a parked document."""


class ParkedSchema(Schema):
    """A parked document, or a document after an action of the office."""

    id = Ulid(required=True)
    kind = Text(40, required=True)
    title = Text(TITLE_CHARACTERS, required=True)
    rep = Key(required=True)
    state = Choice(*[state.value for state in State], required=True)
    decision = Choice(*[decision.value for decision in Decision], required=True, allow_none=True)
    error_class = Text(20, required=True, allow_none=True)
    """Class of the problem; null, like `owner`, unless the document is parked."""
    owner = Choice(*OWNERS, required=True, allow_none=True)
    """Who must act."""
    reason = Text(1000, required=True)
    """A sentence in plain words; the rep reads it too."""
    raw = Text(4000, required=True, allow_none=True)
    """The ERP's own words."""
    advice = Text(1000, required=True, allow_none=True)
    """What to do; null unless the document is parked or on hold."""
    since = Instant(required=True)
    """When the state last changed."""
    received_at = Instant(required=True)
    reserved_by = Text(120, required=True, allow_none=True)
    """Who is working on the document; null if nobody has reserved it."""
    reserved_until = Instant(required=True, allow_none=True)
    erp_number = Text(80, required=True, allow_none=True)
    superseded_by = Ulid(required=True, allow_none=True)
    """The document that has replaced it."""
    warnings = fields.List(fields.Nested(FaultSchema), required=True)
    """What the rep was told at the push although the document was received."""
    body = fields.Dict(required=True)


class ParkedJson(TypedDict):
    """A document as the office sees it, as `ParkedSchema` has it. Times are ISO 8601."""

    id: str
    kind: str
    title: str
    rep: str
    state: str
    decision: str | None
    error_class: str | None
    owner: str | None
    reason: str
    raw: str | None
    advice: str | None
    since: str
    received_at: str
    reserved_by: str | None
    reserved_until: str | None
    erp_number: str | None
    superseded_by: str | None
    warnings: list[FaultJson]
    body: Body


class ParkedListSchema(Schema):
    """Parked documents, longest-waiting first. *next* is the parameter `after` of the next page; null: none."""

    documents = fields.List(fields.Nested(ParkedSchema), required=True)
    next = Text(100, required=True, allow_none=True)


class OfficeActionSchema(Schema):
    """The fields of an action. Which of them an action requires is said at its address."""

    class Meta:
        unknown = EXCLUDE

    why = Text(1000, load_default="")
    """The reason, which the audit trail keeps and the rep reads."""
    force = Flag(load_default=False)
    """Act although somebody else has reserved the document; with `why`, also although a check is in doubt."""
    number = Text(80, load_default=None, allow_none=True)
    """Number of the document in the ERP."""
    body = fields.Dict(load_default=None, allow_none=True)
    """The corrected body, as the schema of the document's kind has it."""
