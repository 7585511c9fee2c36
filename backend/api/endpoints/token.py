"""`POST /v1/token`: exchange a refresh token, with a proof by the device's key, for new tokens."""

from flask import Response

from backend.api import possession, rate_guard, request_body
from backend.api.openapi.operation import Operation, Reply
from backend.api.responses import json_response
from backend.api.route import Auth, route
from backend.api.services import get_services
from backend.api.work import Work
from backend.database.web_session import db
from backend.identity import refresh
from sync_protocol.enrol import TokenReplySchema, TokenRequestSchema
from sync_protocol.errors import ErrorCode


@route(
    "token",
    "POST",
    "/v1/token",
    Operation(
        "Refresh the tokens. After a lost reply the same refresh token may be sent again, with a new proof.",
        {200: Reply("New tokens.", TokenReplySchema, (possession.NONCE,))},
        (ErrorCode.REFRESH_INVALID, ErrorCode.DEVICE_REVOKED, ErrorCode.RATE_LIMITED, *possession.PROBLEMS),
        request=TokenRequestSchema,
        parameters=(possession.PARAMETER,),
    ),
    auth=Auth.PUBLIC,
    work=Work.PUSH,
)
def respond() -> Response:
    """Answer with a new pair of tokens; a refresh token sent again after a lost reply gets the same pair."""
    services = get_services()
    now = services.clock.now()
    body = request_body.read(TokenRequestSchema, services.limits.unauthenticated_bytes)
    request_body.require_storable(body)
    session = db.session()
    try:
        with possession.proof_problems(now):
            issued = refresh.refresh(
                session,
                services.keys,
                services.issuer,
                refresh_token=body["refresh_token"],
                proof=possession.verify_proof(now),
                now=now,
                life=services.family_life,
            )
    except refresh.RefreshInvalid:
        # Keep the end of the family and the entry of the audit trail about this attempt.
        session.commit()
        rate_guard.failed()
        raise
    session.commit()
    return json_response(issued.as_wire(), headers=possession.nonce_header(now))
