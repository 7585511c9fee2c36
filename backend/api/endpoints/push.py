"""`POST /v1/push`: store what a rep captured. It is on disk before the answer is sent."""

from typing import Any

from flask import Response

from backend import doorbell, metrics
from backend.api import auth, request_body
from backend.api.openapi.operation import Operation, Reply
from backend.api.responses import json_response
from backend.api.route import route
from backend.api.services import get_services
from backend.failpoints import failpoint
from backend.feed import positions
from backend.feed.publication import publish_queued
from backend.identity import principals
from backend.sync import push
from sync_protocol.push import PushReplySchema, PushRequestSchema


@route(
    "push",
    "POST",
    "/v1/push",
    Operation(
        "Send captured submissions; each gets a result of its own.",
        {200: Reply("The results, in the order of the submissions.", PushReplySchema)},
        request=PushRequestSchema,
    ),
)
def respond() -> Response:
    """Answer with one result per submission."""
    return json_response({"results": store(request_body.read(PushRequestSchema)["submissions"])})


def store(submissions: list[Any]) -> list[dict[str, object]]:
    """Store *submissions* of the request's device, in a transaction that is committed on return.

    Returns:
        One result per submission, in their order, as in `results` of `PushReplySchema`.
    """
    if not submissions:
        return []
    principal = auth.principal()
    services = get_services()
    with auth.write_session() as session:
        has_replica = services.replica is not None
        if has_replica:
            principals.lock_device(session, principal.device)
        results = push.push(
            session,
            rep_id=principal.rep,
            device_id=principal.device,
            submissions=submissions,
            now=services.clock.now(),
        )
        if has_replica:
            # The head below must include what this push publishes.
            publish_queued(session)
            principals.note_pushed(session, principal.device, positions.head(session).position)
        failpoint("push.before_commit")
    failpoint("push.after_commit")
    metrics.count_push(results, request_body.received_bytes())
    # After the commit; otherwise the worker could look before the rows are visible.
    doorbell.ring(services.settings)
    return results
