"""`POST /v1/enrol`: register a device with a one-time code and its public key."""

from flask import Response

from backend.api import rate_guard, request_body
from backend.api.openapi.operation import Operation, Reply
from backend.api.problems import Problem
from backend.api.responses import json_response
from backend.api.route import Auth, route
from backend.api.services import get_services
from backend.database.core import db
from backend.identity import enrolment, tokens
from backend.identity.device_keys import KeyRefused
from backend.identity.models import Rep
from sync_protocol.enrol import EnrolReplySchema, EnrolRequestSchema
from sync_protocol.errors import ErrorCode, Fault


@route(
    "enrol",
    "POST",
    "/v1/enrol",
    Operation(
        "Register a device with a one-time code and a public key.",
        {
            201: Reply(
                "The device and its first tokens. The same key gets the same device again.", EnrolReplySchema
            )
        },
        (ErrorCode.ENROLMENT_CODE_INVALID, ErrorCode.RATE_LIMITED),
        request=EnrolRequestSchema,
    ),
    auth=Auth.PUBLIC,
)
def respond() -> Response:
    """Answer with the device's id and its first tokens; the same key gets the same device again."""
    services = get_services()
    now = services.clock.now()
    rate_guard.check(now)
    body = request_body.read(EnrolRequestSchema)
    request_body.require_storable(body)
    session = db.session()
    try:
        device = enrolment.redeem(
            session,
            code=body["code"],
            public_key=body["public_key"],
            device_name=body["device_name"],
            app_version=body["app_version"],
            now=now,
        )
    except KeyRefused as error:
        raise request_body.invalid(Fault(ErrorCode.FIELD_INVALID, "public_key", str(error))) from None
    except enrolment.CodeInvalid:
        rate_guard.failed(now)
        detail = "A code works for one phone and for a limited time."
        raise Problem(ErrorCode.ENROLMENT_CODE_INVALID, detail) from None
    rep = session.get_one(Rep, device.rep)
    reply = {
        "device_id": device.id,
        "rep": {"id": rep.id, "name": rep.name},
        "company": services.settings.company,
        "issuer": services.issuer,
        **tokens.issue(services.keys, services.issuer, device, now).as_wire(),
    }
    session.commit()
    return json_response(reply, 201)
