"""`POST /v1/sync`: push and pull in one round trip.

The push commits first. The page is then read in a transaction of its own, so that it holds what the
push has just published; whatever goes wrong with it leaves the results as they are.
"""

from flask import Response

from backend.api import auth, problems, request_body
from backend.api.pull import headers_of, preload, read_page
from backend.api.push import store
from backend.api.responses import encode, json_response
from sync_protocol.pull import SyncRequestSchema


def respond() -> Response:
    """Answer with the results, and with the page or the problem that stood in its way."""
    asked = request_body.read(SyncRequestSchema)
    results = store(asked["submissions"])
    page, problem, headers = b"null", b"null", {}
    try:
        # The device may have been revoked while the body arrived; a push without documents did not look again.
        auth.reauthenticate(preload)
        read = read_page(asked["cursor"], asked["limit_bytes"], asked["schema"])
        page, headers = read.body, headers_of(read)
    except Exception as error:
        found = problems.to_problem(error)
        problem = encode(found.as_wire())
        headers = {name: value for name, value in found.headers.items() if name == "Retry-After"}
    body = b'{"results":%b,"page":%b,"problem":%b}' % (encode(results), page, problem)
    return json_response(body, headers=headers)
