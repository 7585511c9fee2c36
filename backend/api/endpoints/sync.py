"""`POST /v1/sync`: push and pull in one round trip.

The push commits first. The page is then read in a transaction of its own, so that it contains what the
push has just published. If reading it fails, the results stay as they are.
"""

from flask import Response

from backend.api import admission, auth, problems, quota, request_body
from backend.api.endpoints.pull import headers_of, preload, read_page
from backend.api.endpoints.push import store
from backend.api.openapi.operation import POLL_AFTER, Operation, Reply
from backend.api.responses import encode, json_response
from backend.api.route import route
from backend.api.work import Work
from sync_protocol.errors import ErrorCode
from sync_protocol.pull import SyncReplySchema, SyncRequestSchema


@route(
    "sync",
    "POST",
    "/v1/sync",
    Operation(
        "Push and pull in one round trip.",
        {200: Reply("The results, and the page or a problem.", SyncReplySchema, (POLL_AFTER,))},
        (ErrorCode.QUOTA_EXCEEDED,),
        request=SyncRequestSchema,
    ),
    preload=quota.preload,
    work=Work.PUSH,
)
def respond() -> Response:
    """Answer with the results, and with the page or the problem that prevented it."""
    body = request_body.read(SyncRequestSchema)
    results = store(body["submissions"])
    page_json, problem_json, headers = b"null", b"null", {}
    try:
        admission.require_page(body["cursor"])
        # The device may have been revoked while the body arrived; an empty push did not check again.
        auth.reauthenticate(preload)
        page = read_page(body["cursor"], body["limit_bytes"], body["schema"])
        page_json, headers = page.body, headers_of(page)
    except Exception as error:
        problem = problems.to_problem(error)
        problem_json = encode(problem.as_wire())
        headers = {name: value for name, value in problem.headers.items() if name == "Retry-After"}
    reply = b'{"results":%b,"page":%b,"problem":%b}' % (encode(results), page_json, problem_json)
    return json_response(reply, headers=headers)
