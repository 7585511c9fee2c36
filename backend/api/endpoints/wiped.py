"""`POST /v1/wiped`: a revoked device confirms that it has wiped itself.

Without a token, because the device has none any more; the order that it was given names it.
"""

from flask import Response

from backend.api import rate_guard, request_body
from backend.api.openapi.operation import Operation, Reply
from backend.api.problems import Problem
from backend.api.responses import empty_response
from backend.api.route import Auth, route
from backend.api.services import get_services
from backend.api.work import Work
from backend.database.web_session import db
from backend.identity import wipes
from sync_protocol.enrol import WipedRequestSchema
from sync_protocol.errors import ErrorCode


@route(
    "wiped",
    "POST",
    "/v1/wiped",
    Operation(
        "Confirm that the device has wiped itself, with the order that it was given.",
        {204: Reply("The confirmation is stored. The same request again changes nothing.")},
        (ErrorCode.WIPE_ORDER_INVALID, ErrorCode.RATE_LIMITED),
        request=WipedRequestSchema,
    ),
    auth=Auth.PUBLIC,
    work=Work.PUSH,
)
def respond() -> Response:
    """Note that a device has wiped itself."""
    services = get_services()
    now = services.clock.now()
    body = request_body.read(WipedRequestSchema, services.limits.unauthenticated_bytes)
    secrets = services.keys.secrets(now)
    session = db.session()
    try:
        wipes.confirm(session, body["wipe_order"], secrets, exported=body["exported"], now=now)
    except wipes.WipeOrderInvalid:
        rate_guard.failed()
        detail = "Only the order in the problem device_revoked is accepted, for a limited time."
        raise Problem(ErrorCode.WIPE_ORDER_INVALID, detail) from None
    session.commit()
    return empty_response(204)
