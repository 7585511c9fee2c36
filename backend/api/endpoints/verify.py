"""`POST /v1/verify`: find the rows in which a replica differs from the feed, one step at a time."""

import logging
from typing import cast

from flask import Response
from sqlalchemy.exc import SQLAlchemyError

from backend import metrics
from backend.api import auth, request_body
from backend.api.openapi.operation import Operation, Reply
from backend.api.read_routing import read_feed
from backend.api.responses import json_response
from backend.api.route import route
from backend.api.services import get_services
from backend.api.work import Work
from backend.feed import mismatches
from backend.feed.mismatches import VerifyingDevice
from backend.identity.models import Device
from backend.sync import verify_request
from backend.sync.verify import VerifyResult, verify
from sync_protocol.errors import ErrorCode
from sync_protocol.verify import LoadedVerifyRequest, VerifyReplySchema, VerifyRequestSchema

log = logging.getLogger("satchel.verify")


@route(
    "verify",
    "POST",
    "/v1/verify",
    Operation(
        "Find the rows in which the replica differs, one step at a time.",
        {200: Reply("What differs, and what to ask next.", VerifyReplySchema)},
        (ErrorCode.CURSOR_INVALID, ErrorCode.EPOCH_CHANGED, ErrorCode.NOT_YET),
        request=VerifyRequestSchema,
    ),
    work=Work.RESYNC,
)
def respond() -> Response:
    """Answer one step, and record the mismatches that it shows."""
    body = request_body.read(VerifyRequestSchema, get_services().limits.verify_bytes)
    request_body.require_storable(body)
    step = cast("LoadedVerifyRequest", body)
    faults = list(verify_request.faults(step))
    if faults:
        raise request_body.invalid(*faults[: request_body.MAX_FAULTS])
    with auth.read_session() as session:
        answer = read_feed(
            session,
            body["schema"],
            lambda session, only: verify(
                session,
                rep_id=auth.principal().rep,
                cursor_text=body["cursor"],
                schema=body["schema"],
                request=verify_request.parse_request(step),
                only=only,
            ),
            # It compares with what the device has seen, never with what is new.
            lambda answer: False,
        )
    if answer.mismatches:
        _record(answer, body["app_version"])
    return json_response(answer.body)


def _record(answer: VerifyResult, app_version: str | None) -> None:
    """Store and log the mismatches. If they cannot be stored, the device still gets its repair."""
    principal = auth.principal()
    metrics.MISMATCHES.inc(len(answer.mismatches))
    try:
        with auth.write_session() as session:
            app_version = app_version or session.get_one(Device, principal.device).app_version
            verifier = VerifyingDevice(principal.rep, principal.device, app_version, answer.position)
            mismatches.record(session, verifier, answer.mismatches, get_services().clock.now())
    except SQLAlchemyError as error:
        log.warning("mismatches could not be stored: %s", error)
    for mismatch in answer.mismatches:
        fields = {name: value for name, value in vars(mismatch).items() if name != "stream"}
        channel, collection = mismatch.stream
        source = {"rep": principal.rep, "device": principal.device, "app_version": app_version}
        log.warning(
            "a replica differs", extra={**source, "channel": channel, "collection": collection, **fields}
        )
