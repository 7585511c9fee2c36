"""`POST /v1/push`: store what a rep captured. It is on disk before the answer is sent."""

from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from backend import doorbell, metrics
from backend.api import auth, quota, request_body
from backend.api.openapi.operation import Operation, Reply
from backend.api.responses import json_response
from backend.api.route import route
from backend.api.services import get_services
from backend.api.work import Work
from backend.database.core import is_postgresql
from backend.failpoints import failpoint
from backend.feed import positions
from backend.feed.additions import NotAdded
from backend.feed.publication import publish_queued
from backend.identity import principals
from backend.identity.principals import Credential, Principal
from backend.inbox.restored import LossNotNoticed, newest_loss
from backend.sync import push, push_reads
from backend.sync.push_reads import Documents
from sync_protocol.errors import ErrorCode
from sync_protocol.push import PushReplySchema, PushRequestSchema, ResultJson


@route(
    "push",
    "POST",
    "/v1/push",
    Operation(
        "Send captured submissions; each gets a result of its own.",
        {200: Reply("The results, in the order of the submissions.", PushReplySchema)},
        (ErrorCode.QUOTA_EXCEEDED,),
        request=PushRequestSchema,
    ),
    preload=quota.preload,
    work=Work.PUSH,
)
def respond() -> Response:
    """Answer with one result per submission."""
    return json_response({"results": store(request_body.read(PushRequestSchema)["submissions"])})


def store(submissions: list[Any]) -> list[ResultJson]:
    """Store *submissions* of the request's device, in a transaction that is committed on return.

    The route must have `quota.preload`. Raises a `quota_exceeded` problem, and then nothing is stored.

    Returns:
        One result per submission, in their order, as in `results` of `PushReplySchema`.
    """
    if not submissions:
        return []
    quota.require_documents(auth.preloaded())
    documents = push.parsed(submissions)
    try:
        results = _stored(documents)
    except (NotAdded, LossNotNoticed):
        # Rare, and nothing is stored: another transaction has stored one of them, or a standby was promoted.
        results = _stored_step_by_step(submissions)
    failpoint("push.after_commit")
    metrics.count_push(results, request_body.received_bytes())
    # After the commit; otherwise the worker could look before the rows are visible.
    doorbell.ring(get_services().settings)
    return results


def _stored(documents: Documents) -> list[ResultJson]:
    """Store *documents* in two round trips: one reads, and one writes and commits.

    Raises `NotAdded` and `LossNotNoticed`.
    """
    principal, now = auth.principal(), get_services().clock.now()

    def read(session: Session, token: Credential) -> tuple[Principal, Any]:
        # The device's row is locked before the rep's lock is taken, as when a receipt arrives.
        _lock_device(session)
        return push_reads.read_with_principal(session, token, principal.rep, documents, now)

    with auth.write_session(read) as session:
        row, reads = auth.preloaded()
        results = push.store(
            session,
            rep_id=principal.rep,
            device_id=principal.device,
            documents=documents,
            reads=reads,
            loss=newest_loss(session, now, epoch=row),
            now=now,
            at_commit=is_postgresql(session),
        )
        _note_pushed(session)
    return results


def _stored_step_by_step(submissions: list[Any]) -> list[ResultJson]:
    principal = auth.principal()

    def read(session: Session, token: Credential) -> tuple[Principal, Any]:
        _lock_device(session)
        return principals.read_to_write(session.connection(), token), None

    with auth.write_session(read) as session:
        results = push.push(
            session,
            rep_id=principal.rep,
            device_id=principal.device,
            submissions=submissions,
            now=get_services().clock.now(),
        )
        _note_pushed(session)
    return results


def _lock_device(session: Session) -> None:
    if get_services().standby is not None:
        principals.lock_device(session, auth.principal().device)


def _note_pushed(session: Session) -> None:
    """Note on the device what was pushed, if there is a standby, which may not have it yet."""
    if get_services().standby is not None:
        # The head below must include what this push publishes.
        publish_queued(session)
        principals.note_pushed(session, auth.principal().device, positions.head(session).position)
    failpoint("push.before_commit")
