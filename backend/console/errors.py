"""Errors as pages. The codes, the log and the audit trail are those of the API."""

from flask import Response, g
from werkzeug.exceptions import HTTPException

from backend.api import problems
from backend.api.problems import CODE_HEADER, Problem
from backend.console import redirects
from backend.console.csrf import Forged
from backend.console.rendering import render
from backend.console.visitors import SessionEnded
from backend.office.access import OfficeUser
from backend.office.roles import Permission
from sync_protocol.errors import ErrorCode

_KNOWN = {403: "error.forbidden", 404: "error.not_found", 429: "error.too_many", 503: "error.unavailable"}


def require(user: OfficeUser, permission: Permission, name: str | None = None) -> None:
    """Raise `Problem` unless *user* has *permission*, for the kind or collection *name* if that is given."""
    if not user.has(permission, name):
        raise Problem(ErrorCode.ROLE_MISSING, "No role of the person allows this.")


def not_found(path: str) -> Response:
    """Answer for an address that has no page."""
    raise Problem(ErrorCode.NOT_FOUND, "There is no such page.")


def respond(error: Exception) -> Response | HTTPException:
    """Return the page for *error*."""
    if isinstance(error, HTTPException) and error.code is not None and error.code < 400:
        return error
    if isinstance(error, SessionEnded):
        return redirects.see_other(redirects.SIGN_IN)
    if isinstance(error, Forged):
        return _page("error.forged", 403, {})
    answer = problems.to_problem(error)
    headers = {**answer.headers, CODE_HEADER: answer.code.code}
    headers.pop("WWW-Authenticate", None)
    return _page(_KNOWN.get(answer.code.status, "error.other"), answer.code.status, headers)


def _page(text: str, status: int, headers: dict[str, str]) -> Response:
    # The request may have failed before its visitor was known.
    g.setdefault("visitor", None)
    response = render("templates/error.html", text=text, request_id=g.request_id)
    response.status_code = status
    response.headers.update(headers)
    return response
