"""`/office/documents/<id>/actions/<name>`: carry out an action of the office on a document."""

from flask import Response

from backend.api.problems import Problem
from backend.console import forms, redirects, visitors
from backend.console.actions.texts import TEXTS
from backend.console.office import office
from backend.console.rendering import render
from backend.console.route import page
from backend.office.actions import ACTIONS
from backend.office.errors import ActionRefused
from backend.office.roles import Permission
from backend.office.service import OfficeService
from sync_protocol.errors import ErrorCode
from sync_protocol.fields import Ulid

LONGEST = {"why": 1000, "number": 80}
"""Characters of a field of the form, as in `OfficeActionSchema`."""


@page("action", "POST", "/documents/<id>/actions/<name>", Permission.VIEW)
def act(id: str, name: str) -> Response:
    """Carry out the action *name* and show the document that answers it; if it is refused, say why."""
    if not Ulid.pattern.fullmatch(id) or name not in ACTIONS:
        raise Problem(ErrorCode.NOT_FOUND, "There is no such document or action.")
    form = forms.read()
    for field, most in LONGEST.items():
        if len(form.get(field, "")) > most:
            raise Problem(ErrorCode.ENVELOPE_INVALID, f"{field} may have {most} characters.")
    try:
        document = office(OfficeService).perform(
            name,
            id,
            by=visitors.visitor().user.name,
            why=form.get("why", ""),
            force="force" in form,
            number=form.get("number"),
        )
    except ActionRefused as refused:
        if refused.code in (ErrorCode.NOT_FOUND, ErrorCode.ROLE_MISSING):
            raise
        response = render(
            "actions/refused.html",
            texts=TEXTS,
            here="documents",
            id=id,
            action=name,
            message=refused.message,
        )
        response.status_code = refused.code.status
        return response
    return redirects.see_other(f"/office/documents/{document.id}")
