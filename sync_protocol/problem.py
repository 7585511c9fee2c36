"""The body of every error: problem details (RFC 9457), with a code from `errors.py`."""

from collections.abc import Sequence
from typing import NotRequired, TypedDict

from marshmallow import INCLUDE, Schema, fields

from sync_protocol.errors import ErrorCode, Fault, FaultJson
from sync_protocol.fields import Choice, Count, Flag, Text
from sync_protocol.push import FaultSchema
from sync_protocol.readable import readable

TYPE_PREFIX = "urn:satchel:error:"
MEDIA_TYPE = "application/problem+json"


class ProblemSchema(Schema):
    """Why a request failed as a whole. `wipe` (true) and `wipe_order` are present only for a revoked device."""

    class Meta:
        unknown = INCLUDE

    type = Text(100, required=True)
    title = Text(200, required=True)
    status = Count(required=True, least=400, most=599)
    detail = Text(1000, required=True)
    code = Choice(*[code.code for code in ErrorCode if code.status], required=True)
    action = Text(200, required=True)
    """What the device should do."""
    errors = fields.List(fields.Nested(FaultSchema))
    request_id = Text(64, required=True)
    wipe = Flag()
    wipe_order = Text(200)
    """What the device sends to `/v1/wiped` after the wipe."""


class ProblemJson(TypedDict):
    """A problem, as `ProblemSchema` has it."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    action: str
    request_id: str
    errors: NotRequired[list[FaultJson]]
    wipe: NotRequired[bool]
    wipe_order: NotRequired[str]


def problem(
    code: ErrorCode,
    detail: str,
    *,
    request_id: str,
    errors: Sequence[Fault] = (),
    wipe_order: str | None = None,
) -> ProblemJson:
    """Return the problem; without *errors* and *wipe_order* the keys about them are absent."""
    body: ProblemJson = {
        "type": TYPE_PREFIX + code.code,
        "title": code.title,
        "status": code.status,
        "detail": readable(detail, 1000),
        "code": code.code,
        "action": code.action,
        "request_id": request_id,
    }
    if errors:
        body["errors"] = [fault.as_wire() for fault in errors]
    if wipe_order is not None:
        body["wipe"] = True
        body["wipe_order"] = wipe_order
    return body
