"""`POST /v1/verify`: in which rows a replica differs, one step at a time."""

import logging

from flask import Response
from sqlalchemy.exc import SQLAlchemyError

from backend import metrics
from backend.api import bodies, lock
from backend.api.answers import answer
from backend.api.context import satchel
from backend.api.nearest import read_feed
from backend.feed import mismatches
from backend.feed.mismatches import Verifier
from backend.identity.models import Device
from backend.sync import question
from backend.sync.verify import Answer, verify
from sync_protocol.verify import VerifyRequestSchema

log = logging.getLogger("satchel.verify")


def respond() -> Response:
    """Answer one step, and note what it has shown."""
    asked = bodies.read(VerifyRequestSchema, satchel().limits.verify_bytes)
    bodies.storable(asked)
    wrong = list(question.faults(asked))
    if wrong:
        raise bodies.invalid(*wrong[: bodies.MOST_FAULTS])
    with lock.reading() as session:
        found = read_feed(
            session,
            asked["schema"],
            lambda session, only: verify(
                session,
                rep_id=lock.principal().rep,
                cursor_text=asked["cursor"],
                schema=asked["schema"],
                question=question.question_of(asked),
                only=only,
            ),
            # It compares with what the device has seen, never with what is new.
            lambda found: False,
        )
    if found.mismatches:
        _note(found, asked["app_version"])
    return answer(found.body)


def _note(found: Answer, app_version: str | None) -> None:
    """Keep and log the mismatches; if they cannot be kept, the device is mended all the same."""
    who = lock.principal()
    metrics.MISMATCHES.inc(len(found.mismatches))
    try:
        with lock.writing() as session:
            app_version = app_version or session.get_one(Device, who.device).app_version
            verifier = Verifier(who.rep, who.device, app_version, found.position)
            mismatches.note(session, verifier, found.mismatches, satchel().clock.now())
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
