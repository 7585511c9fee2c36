"""`POST /v1/push`: what was captured, onto the disk before it is answered."""

from typing import Any

from flask import Response

from backend import doorbell, metrics
from backend.api import auth, request_body
from backend.api.responses import json_response
from backend.api.services import get_services
from backend.failpoints import failpoint
from backend.feed import positions
from backend.feed.publication import publish_queued
from backend.identity import principals
from backend.sync import push
from sync_protocol.push import PushRequestSchema


def respond() -> Response:
    """Answer with one result per submission."""
    return json_response({"results": store(request_body.read(PushRequestSchema)["submissions"])})


def store(submissions: list[Any]) -> list[dict[str, object]]:
    """Store *submissions* for whoever speaks, in a transaction that is committed on return."""
    if not submissions:
        return []
    who = auth.principal()
    with auth.write_session() as session:
        behind_replicas = get_services().replica is not None
        if behind_replicas:
            principals.lock_device(session, who.device)
        results = push.push(
            session,
            rep_id=who.rep,
            device_id=who.device,
            submissions=submissions,
            now=get_services().clock.now(),
        )
        if behind_replicas:
            # The head below must include what this push publishes.
            publish_queued(session)
            principals.note_pushed(session, who.device, positions.head(session).position)
        failpoint("push.before_commit")
    failpoint("push.after_commit")
    metrics.count_push(results)
    # After the commit, or the worker would look before there is anything to see.
    doorbell.ring(get_services().settings)
    return results
