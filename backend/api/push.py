"""`POST /v1/push`: what was captured, onto the disk before it is answered."""

from typing import Any

from flask import Response

from backend import metrics, queues
from backend.api import bodies, lock
from backend.api.answers import answer
from backend.api.context import satchel
from backend.failpoints import failpoint
from backend.feed import positions
from backend.identity import principals
from backend.sync import push
from sync_protocol.push import PushRequestSchema


def respond() -> Response:
    """Answer with one result per submission."""
    return answer({"results": store(bodies.read(PushRequestSchema)["submissions"])})


def store(submissions: list[Any]) -> list[dict[str, object]]:
    """Store *submissions* for whoever speaks, in a transaction that is committed on return."""
    if not submissions:
        return []
    who = lock.principal()
    with lock.writing() as session:
        behind_replicas = satchel().replica is not None
        if behind_replicas:
            principals.hold(session, who.device)
        results = push.push(
            session, rep_id=who.rep, device_id=who.device, submissions=submissions, now=satchel().clock.now()
        )
        if behind_replicas:
            principals.note_pushed(session, who.device, positions.head(session).position)
        failpoint("push.before_commit")
    failpoint("push.after_commit")
    metrics.count_push(results)
    # After the commit, or the worker would look before there is anything to see.
    queues.ring(satchel().settings)
    return results
