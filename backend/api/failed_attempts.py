"""Writes refused attempts into the audit trail, of all routes in one place: by the code of the answer.

A transaction of its own, after the request's own one has ended: that was rolled back, because it failed.
"""

import logging

from flask import Flask, Response, g, request
from sqlalchemy.orm import Session

from backend.api.problems import CODE_HEADER
from backend.api.services import get_services
from backend.database import failures
from backend.database.web_session import db
from backend.identity import audit
from backend.identity.failed_attempts import FailedAttempts
from sync_protocol.errors import ErrorCode

log = logging.getLogger(__name__)

ACTIONS = {
    ErrorCode.ENROLMENT_CODE_INVALID.code: "enrolment.refused",
    ErrorCode.REFRESH_INVALID.code: "token.refused",
    ErrorCode.INVALID_DPOP_PROOF.code: "proof.refused",
    ErrorCode.TOKEN_INVALID.code: "access.refused",
    ErrorCode.DEVICE_REVOKED.code: "device.refused",
    ErrorCode.OFFICE_TOKEN_INVALID.code: "office.refused",
    ErrorCode.WIPE_ORDER_INVALID.code: "wipe.refused",
    ErrorCode.LINK_INVALID.code: "link.refused",
    ErrorCode.RATE_LIMITED.code: "rate.limited",
}
"""The entry's action by the code of the answer."""
FORBIDDEN = "route.forbidden"
"""The action for every other answer with status 403."""
OFFICE_ACTION = "office.action_refused"
"""The action for what an office account was not allowed to do to a document."""


def register(app: Flask) -> None:
    """Record the refused attempts of *app*."""
    attempts = FailedAttempts()

    def note(response: Response) -> Response:
        code = response.headers.get(CODE_HEADER)
        action = _action(code, response.status_code) if code else None
        if code and action is not None:
            _note(attempts, action, code)
        return response

    app.after_request(note)


def _action(code: str, status: int) -> str | None:
    if code in ACTIONS:
        return ACTIONS[code]
    if status == 403:
        return FORBIDDEN
    is_decision = request.method != "GET" and "office_user" in g
    return OFFICE_ACTION if is_decision and 400 <= status < 500 else None


def _note(attempts: FailedAttempts, action: str, code: str) -> None:
    now, actor = get_services().clock.now(), _actor()
    counted = attempts.note(action, actor, now)
    if counted is None:
        return
    route = f"{request.method} {request.url_rule.rule}" if request.url_rule else request.method
    # The request's own session may have the write lock of SQLite.
    db.session.remove()
    try:
        with Session(db.engine) as session, session.begin():
            audit.record(
                session,
                actor=actor,
                action=action,
                # An address can have anything in its place of an id; the route has no id.
                subject=_subject() or route,
                now=now,
                detail={"code": code, "route": route, **counted},
            )
    except Exception as error:
        log.warning("a refused attempt is not in the audit trail: %s", failures.reason(error))


def _actor() -> str:
    if "office_user" in g:
        return f"user:{g.office_user.name}"
    # The token is verified before its device is known to be revoked or above a limit; a link has none.
    if "token" in g:
        return f"device:{g.token.device}"
    if "principal" in g:
        return f"device:{g.principal.device}"
    return f"address:{request.remote_addr}"


def _subject() -> str | None:
    """Return the document that an office account named, if it is named like one."""
    id = str((request.view_args or {}).get("id", ""))
    return id if "office_user" in g and id.isascii() and id.isalnum() and len(id) <= 40 else None
