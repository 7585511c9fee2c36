"""`POST /v1/verify`: in which rows a replica differs, one step at a time."""

import logging

from flask import Response
from sqlalchemy.exc import SQLAlchemyError

from backend import metrics
from backend.api import auth, request_body
from backend.api.read_routing import read_feed
from backend.api.responses import json_response
from backend.api.services import get_services
from backend.feed import mismatches
from backend.feed.mismatches import VerifyingDevice
from backend.identity.models import Device
from backend.sync import verify_request
from backend.sync.verify import VerifyResult, verify
from sync_protocol.verify import VerifyRequestSchema

log = logging.getLogger("satchel.verify")


def respond() -> Response:
    """Answer one step, and note what it has shown."""
    asked = request_body.read(VerifyRequestSchema, get_services().limits.verify_bytes)
    request_body.require_storable(asked)
    wrong = list(verify_request.faults(asked))
    if wrong:
        raise request_body.invalid(*wrong[: request_body.MAX_FAULTS])
    with auth.read_session() as session:
        found = read_feed(
            session,
            asked["schema"],
            lambda session, only: verify(
                session,
                rep_id=auth.principal().rep,
                cursor_text=asked["cursor"],
                schema=asked["schema"],
                request=verify_request.parse_request(asked),
                only=only,
            ),
            # It compares with what the device has seen, never with what is new.
            lambda found: False,
        )
    if found.mismatches:
        _note(found, asked["app_version"])
    return json_response(found.body)


def _note(found: VerifyResult, app_version: str | None) -> None:
    """Keep and log the mismatches; if they cannot be kept, the device is mended all the same."""
    who = auth.principal()
    metrics.MISMATCHES.inc(len(found.mismatches))
    try:
        with auth.write_session() as session:
            app_version = app_version or session.get_one(Device, who.device).app_version
            verifier = VerifyingDevice(who.rep, who.device, app_version, found.position)
            mismatches.record(session, verifier, found.mismatches, get_services().clock.now())
    except SQLAlchemyError as error:
        log.warning("mismatches could not be kept: %s", error)
    for mismatch in found.mismatches:
        line = {name: value for name, value in vars(mismatch).items() if name != "stream"}
        channel, collection = mismatch.stream
        who_and_what = {"rep": who.rep, "device": who.device, "app_version": app_version}
        log.warning(
            "a replica differs",
            extra={**who_and_what, "channel": channel, "collection": collection, **line},
        )
