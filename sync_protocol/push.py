"""Push: the request, and one result per submission.

Each submission has its own result, so a bad one never blocks the others. `received` means: committed to disk,
with its record in `submissions` published in the same transaction.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import NotRequired, TypedDict

from marshmallow import INCLUDE, Schema, fields

from sync_protocol.errors import Fault, FaultJson
from sync_protocol.fields import Bounded, Choice, Prose, Sha256, Text, Ulid
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

    submissions = Bounded(fields.Raw(allow_none=True), most=LIMITS.push_submissions, required=True)


class FaultSchema(Schema):
    """The fault of one field."""

    code = Text(60, required=True)
    field = Prose(300, required=True)
    message = Prose(1000, required=True)
    reason = Text(60)
    """The code of the message's template in the contract; absent if it has none."""
    parameters = fields.Dict()
    """The parameters of the template; with `reason` only."""


class ResultSchema(Schema):
    """The result of one submission; `id` is null if none could be read."""

    id = Ulid(required=True, allow_none=True)
    status = Choice(*[status.value for status in Status], required=True)
    state = Choice(*[state.value for state in State], required=True, allow_none=True)
    sha256 = Sha256(required=True, allow_none=True)
    errors = fields.List(fields.Nested(FaultSchema), required=True)
    warnings = fields.List(fields.Nested(FaultSchema), load_default=list)
    """What the rep should know although it was received: a blocked customer, an expired price list."""


class ResultJson(TypedDict):
    """The result of one submission, as `ResultSchema` has it."""

    id: str | None
    status: str
    state: str | None
    sha256: str | None
    errors: list[FaultJson]
    warnings: NotRequired[list[FaultJson]]
    """Absent in the results of a server from before warnings."""


class PushReplySchema(Schema):
    """Results in the order of the request's submissions."""

    results = fields.List(fields.Nested(ResultSchema), required=True)


def result(
    id: str | None,
    status: Status,
    state: State | None,
    sha256: str | None,
    faults: list[Fault],
    warnings: Iterable[Fault] = (),
) -> ResultJson:
    """Return one result."""
    return {
        "id": id,
        "status": status.value,
        "state": state.value if state else None,
        "sha256": sha256,
        "errors": [fault.as_wire() for fault in faults],
        "warnings": [warning.as_wire() for warning in warnings],
    }
