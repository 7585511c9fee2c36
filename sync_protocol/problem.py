"""The body of every error: problem details (RFC 9457), with a code from `errors.py`."""

from collections.abc import Sequence
from typing import Any

from marshmallow import INCLUDE, Schema, fields

from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.fields import Choice, Count, Flag, Text
from sync_protocol.push import FaultSchema

TYPE_PREFIX = "urn:satchel:error:"
MEDIA_TYPE = "application/problem+json"


class ProblemSchema(Schema):
    """Why a request failed as a whole. `wipe` is present, and true, only for a revoked device."""

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


def problem(
    code: ErrorCode, detail: str, *, request_id: str, errors: Sequence[Fault] = (), wipe: bool = False
) -> dict[str, Any]:
    """Return the problem, a `ProblemSchema`, as JSON."""
    body: dict[str, Any] = {
        "type": TYPE_PREFIX + code.code,
        "title": code.title,
        "status": code.status,
        "detail": detail,
        "code": code.code,
        "action": code.action,
        "request_id": request_id,
    }
    if errors:
        body["errors"] = [fault.as_wire() for fault in errors]
    if wipe:
        body["wipe"] = True
    return body
