"""`POST /v1/push`: store what a rep captured. It is on disk before the answer is sent."""

from typing import Any

from flask import Response

from backend.api import auth, push_storage, quota, request_body
from backend.api.openapi.operation import Operation, Reply
from backend.api.push_storage import Pushing
from backend.api.responses import json_response
from backend.api.route import route
from backend.api.services import get_services
from backend.api.work import Work
from backend.database.web_session import db
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
    return json_response({"results": store(request_body.read_checked(PushRequestSchema)["submissions"])})


def store(submissions: list[Any]) -> list[ResultJson]:
    """Store *submissions* of the request's device, as `push_storage.store`. The route has `quota.preload`."""
    pushing = Pushing(get_services(), db.engine, auth.token(), auth.principal(), auth.preloaded())
    return push_storage.store(pushing, submissions, received=request_body.received_bytes())
