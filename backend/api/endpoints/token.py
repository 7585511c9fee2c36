"""`POST /v1/token`: exchange a refresh token and a proof signed by the device's key for new tokens."""

from flask import Response

from backend.api import rate_guard, request_body
from backend.api.openapi.operation import Operation, Reply
from backend.api.responses import json_response
from backend.api.route import Auth, route
from backend.api.services import get_services
from backend.database.core import db
from backend.identity import tokens
from sync_protocol.enrol import TokenReplySchema, TokenRequestSchema
from sync_protocol.errors import ErrorCode


@route(
    "token",
    "POST",
    "/v1/token",
    Operation(
        "Refresh the tokens. After a lost reply the same refresh token may be sent again.",
        {200: Reply("New tokens.", TokenReplySchema)},
        (ErrorCode.REFRESH_INVALID, ErrorCode.DEVICE_REVOKED, ErrorCode.RATE_LIMITED),
        request=TokenRequestSchema,
    ),
    auth=Auth.PUBLIC,
)
def respond() -> Response:
    """Answer with a new pair of tokens; a refresh token sent again after a lost reply gets the same pair."""
    services = get_services()
    now = services.clock.now()
    rate_guard.check(now)
    body = request_body.read(TokenRequestSchema)
    request_body.require_storable(body)
    session = db.session()
    try:
        issued = tokens.refresh(
            session,
            services.keys,
            services.issuer,
            refresh_token=body["refresh_token"],
            proof=body["proof"],
            now=now,
        )
    except tokens.RefreshInvalid:
        # Keep the entry of the audit trail about this attempt.
        session.commit()
        rate_guard.failed(now)
        raise
    session.commit()
    return json_response(issued.as_wire())
