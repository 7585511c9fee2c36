"""Push: the request, and one result per submission.

Each submission has its own result, so a bad one never blocks the others. `received` means: committed to disk,
with its record in `submissions` published in the same transaction.
"""

from enum import StrEnum

from marshmallow import INCLUDE, Schema, fields, validate

from sync_protocol.errors import Fault
from sync_protocol.fields import Choice, Sha256, Text, Ulid
from sync_protocol.limits import LIMITS
from sync_protocol.submission import State


class Status(StrEnum):
    """The result of one submission in a push."""

    RECEIVED = "received"
    """On the server's disk."""
    DUPLICATE = "duplicate"
    """It was on disk already; the stored result is repeated."""
    REFUSED = "refused"
    """It has faults that the rep can correct. It is stored as rejected, and an edited copy supersedes it."""
    QUARANTINED = "quarantined"
    """Stored separately for the office: an unknown kind, or an id that another document already has."""


class PushRequestSchema(Schema):
    """`POST /v1/push`. Each submission is checked separately and has its own result."""

    class Meta:
        unknown = INCLUDE

    submissions = fields.List(
        fields.Raw(allow_none=True), required=True, validate=validate.Length(max=LIMITS.push_submissions)
    )


class FaultSchema(Schema):
    """The fault of one field."""

    code = Text(60, required=True)
    field = Text(300, required=True)
    message = Text(1000, required=True)


class ResultSchema(Schema):
    """The result of one submission; `id` is null if none could be read."""

    id = Ulid(required=True, allow_none=True)
    status = Choice(*[status.value for status in Status], required=True)
    state = Choice(*[state.value for state in State], required=True, allow_none=True)
    sha256 = Sha256(required=True, allow_none=True)
    errors = fields.List(fields.Nested(FaultSchema), required=True)


class PushReplySchema(Schema):
    """Results in the order of the request's submissions."""

    results = fields.List(fields.Nested(ResultSchema), required=True)


def result(
    id: str | None, status: Status, state: State | None, sha256: str | None, faults: list[Fault]
) -> dict[str, object]:
    """Return one result, a `ResultSchema`, as JSON."""
    return {
        "id": id,
        "status": status.value,
        "state": state.value if state else None,
        "sha256": sha256,
        "errors": [fault.as_wire() for fault in faults],
    }
