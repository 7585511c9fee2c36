"""`POST /v1/token`: a refresh token and a proof by the device's key become new tokens."""

from flask import Response

from backend.api import rate_guard, request_body
from backend.api.responses import json_response
from backend.api.services import get_services
from backend.database.core import db
from backend.identity import tokens
from sync_protocol.enrol import TokenRequestSchema


def respond() -> Response:
    """Answer with a new pair of tokens; the same refresh token again after a lost reply."""
    here = get_services()
    now = here.clock.now()
    rate_guard.check(now)
    asked = request_body.read(TokenRequestSchema)
    request_body.require_storable(asked)
    session = db.session()
    try:
        issued = tokens.refresh(
            session, here.keys, here.issuer, refresh_token=asked["refresh_token"], proof=asked["proof"], now=now
        )
    except tokens.RefreshInvalid:
        # What the audit trail was told of the attempt is kept.
        session.commit()
        rate_guard.failed(now)
        raise
    session.commit()
    return json_response(issued.as_wire())
