"""`POST /v1/enrol`: a one-time code and a public key become a device."""

from flask import Response

from backend.api import rate_guard, request_body
from backend.api.problems import Problem
from backend.api.responses import json_response
from backend.api.services import get_services
from backend.database.core import db
from backend.identity import enrolment, tokens
from backend.identity.device_keys import KeyRefused
from backend.identity.models import Rep
from sync_protocol.enrol import EnrolRequestSchema
from sync_protocol.errors import ErrorCode, Fault


def respond() -> Response:
    """Answer with the device's id and its first tokens; the same again to the same key."""
    here = get_services()
    now = here.clock.now()
    rate_guard.check(now)
    asked = request_body.read(EnrolRequestSchema)
    request_body.require_storable(asked)
    session = db.session()
    try:
        device = enrolment.redeem(
            session,
            code=asked["code"],
            public_key=asked["public_key"],
            device_name=asked["device_name"],
            app_version=asked["app_version"],
            now=now,
        )
    except KeyRefused as error:
        raise request_body.invalid(Fault(ErrorCode.FIELD_INVALID, "public_key", str(error))) from None
    except enrolment.CodeInvalid:
        rate_guard.failed(now)
        detail = "Codes are good for one phone and a limited time."
        raise Problem(ErrorCode.ENROLMENT_CODE_INVALID, detail) from None
    rep = session.get_one(Rep, device.rep)
    reply = {
        "device_id": device.id,
        "rep": {"id": rep.id, "name": rep.name},
        "company": here.settings.company,
        "issuer": here.issuer,
        **tokens.issue(here.keys, here.issuer, device, now).as_wire(),
    }
    session.commit()
    return json_response(reply, 201)
