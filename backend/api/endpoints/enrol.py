"""`POST /v1/enrol`: register a device with a one-time code and its public key, which signs the proof."""

import datetime as dt
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from backend.api import possession, rate_guard, request_body
from backend.api.openapi.operation import Operation, Reply
from backend.api.problems import Problem
from backend.api.responses import json_response
from backend.api.route import Auth, route
from backend.api.services import get_services
from backend.api.work import Work
from backend.database.web_session import db
from backend.identity import device_keys, enrolment, tokens, used_proofs
from backend.identity.device_keys import KeyRefused
from backend.identity.dpop import Proof, ProofInvalid
from backend.identity.models import Device, Rep
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
                "The device and its first tokens. The same key gets the same device again.",
                EnrolReplySchema,
                (possession.NONCE,),
            )
        },
        (ErrorCode.ENROLMENT_CODE_INVALID, ErrorCode.RATE_LIMITED, *possession.PROBLEMS),
        request=EnrolRequestSchema,
        parameters=(possession.PARAMETER,),
    ),
    auth=Auth.PUBLIC,
    work=Work.PUSH,
)
def respond() -> Response:
    """Answer with the device's id and its first tokens; the same key gets the same device again."""
    services = get_services()
    now = services.clock.now()
    body = request_body.read(EnrolRequestSchema, services.limits.unauthenticated_bytes)
    request_body.require_storable(body)
    session = db.session()
    try:
        with possession.proof_problems(now):
            device = _redeem(session, body, possession.verify_proof(now), now)
    except KeyRefused as error:
        raise request_body.invalid(Fault(ErrorCode.FIELD_INVALID, "public_key", str(error))) from None
    except enrolment.CodeInvalid:
        rate_guard.failed()
        detail = "A code works for one phone and for a limited time."
        raise Problem(ErrorCode.ENROLMENT_CODE_INVALID, detail) from None
    rep = session.get_one(Rep, device.rep)
    reply = {
        "device_id": device.id,
        "rep": {"id": rep.id, "name": rep.name},
        "company": services.settings.company,
        "issuer": services.issuer,
        **tokens.issue(services.keys, services.issuer, device, now, services.family_life).as_wire(),
    }
    session.commit()
    return json_response(reply, 201, headers=possession.nonce_header(now))


def _redeem(session: Session, body: dict[str, Any], proof: Proof, now: dt.datetime) -> Device:
    """Return the device that the request enrols, with the key that signed *proof*."""
    if device_keys.normalised(body["public_key"]) != proof.key:
        raise ProofInvalid("must be signed by the key in public_key")
    device = enrolment.redeem(
        session,
        code=body["code"],
        public_key=body["public_key"],
        device_name=body["device_name"],
        app_version=body["app_version"],
        now=now,
    )
    # Only now: nobody without a valid code can fill the table.
    used_proofs.remember(session, proof, now)
    return device
