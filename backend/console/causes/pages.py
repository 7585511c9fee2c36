"""`/office/causes/<cause>` and `/office/batches/<id>`: settle all documents with one cause together."""

from flask import Response
from sqlalchemy.orm import Session

from backend.api.problems import Problem
from backend.api.services import get_services
from backend.console import errors, forms, redirects, visitors
from backend.console.causes.texts import TEXTS
from backend.console.office import office
from backend.console.rendering import render
from backend.console.route import page
from backend.database.core import snapshot
from backend.database.web_session import db
from backend.identity.names import is_storable
from backend.inbox.cause import class_in
from backend.office.actions import ACTIONS
from backend.office.batch_request import FOR_MANY, BatchRequest
from backend.office.batches import DONE, MOST_AT_ONCE, BatchService, action_of, batch_view, get_batch
from backend.office.causes import find_cause
from backend.office.errors import ActionRefused
from backend.office.field_changes import FieldChange
from backend.office.roles import Permission
from sync_protocol.errors import ErrorCode
from sync_protocol.fields import Ulid
from sync_protocol.office_batches import CAUSE_CHARACTERS, MOST_DOCUMENTS

FEW = 5
"""Documents with which a repair is tried."""
FIELDS = ("action", "scope", "why", "field", "old", "new")
MOST_CHARACTERS = 1000


@page("cause", "GET", "/causes/<cause>", Permission.VIEW)
def show(cause: str) -> Response:
    """Show what waits for *cause*, with the form that begins a batch."""
    return _cause(cause, dict.fromkeys(FIELDS, ""))


@page("batch_begin", "POST", "/causes/<cause>/batches", Permission.VIEW)
def begin(cause: str) -> Response:
    """Begin a batch, settle its first documents, and show it."""
    form = forms.read()
    given = {name: form.get(name, "").strip() for name in FIELDS}
    if any(len(text) > MOST_CHARACTERS for text in given.values()):
        raise Problem(ErrorCode.ENVELOPE_INVALID, f"A field may have {MOST_CHARACTERS} characters.")
    user = visitors.visitor().user
    changes = [FieldChange(given["field"], given["old"], given["new"])] if given["field"] else []
    request = BatchRequest(
        given["action"],
        _known(cause),
        user.name,
        limit=MOST_DOCUMENTS if given["scope"] == "all" else FEW,
        why=given["why"],
        changes=changes if given["action"] == "fix" else [],
    )
    if request.action in ACTIONS:
        errors.require(user, ACTIONS[request.action].permission)
    service = office(BatchService)
    try:
        id = service.begin(request)
    except ActionRefused as refused:
        return _cause(cause, given, refused)
    service.proceed(id, by=user.name, most=MOST_AT_ONCE)
    return redirects.see_other(f"/office/batches/{id}")


@page("batch", "GET", "/batches/<id>", Permission.VIEW)
def show_batch(id: str) -> Response:
    """Show a batch and what became of its documents."""
    user = visitors.visitor().user
    with Session(db.engine) as session:
        snapshot(session)
        view = batch_view(session, _known_batch(id), user)
        batch = get_batch(session, id)
        begun_at, undone_at = batch.begun_at, batch.undone_at
    action = ACTIONS[view["action"]]
    may_act = user.has(action.permission)
    is_done = any(document["result"] == DONE for document in view["documents"])
    return render(
        "causes/batch.html",
        texts=TEXTS,
        here="start",
        batch=view,
        begun_at=begun_at,
        undone_at=undone_at,
        may_act=may_act,
        can_undo=may_act and is_done and action.wakes_worker and undone_at is None,
    )


@page("batch_continue", "POST", "/batches/<id>/continue", Permission.VIEW)
def proceed(id: str) -> Response:
    """Settle the next documents of a batch, and show it."""
    by = _require_action(id)
    office(BatchService).proceed(id, by=by, most=MOST_AT_ONCE)
    return redirects.see_other(f"/office/batches/{id}")


@page("batch_undo", "POST", "/batches/<id>/undo", Permission.VIEW)
def undo(id: str) -> Response:
    """Undo a batch, and show it."""
    by = _require_action(id)
    office(BatchService).undo(id, by=by)
    return redirects.see_other(f"/office/batches/{id}")


def _require_action(id: str) -> str:
    """Return the person's name; raises a problem unless they may carry out the action of the batch *id*."""
    user = visitors.visitor().user
    with Session(db.engine) as session:
        errors.require(user, action_of(session, _known_batch(id)).permission)
    return user.name


def _cause(cause: str, given: dict[str, str], refused: ActionRefused | None = None) -> Response:
    user = visitors.visitor().user
    with Session(db.engine) as session:
        snapshot(session)
        parked = find_cause(session, _known(cause), now=get_services().clock.now(), user=user)
    may = [name for name in FOR_MANY if user.has(ACTIONS[name].permission)]
    response = render(
        "causes/cause.html",
        texts=TEXTS,
        here="start",
        cause=parked,
        error_class=class_in(cause),
        actions=may,
        given=given,
        problem=refused.message if refused else "",
    )
    response.status_code = refused.code.status if refused else 200
    return response


def _known(cause: str) -> str:
    if len(cause) > CAUSE_CHARACTERS or not is_storable(cause):
        raise Problem(ErrorCode.NOT_FOUND, "There is no such cause.")
    return cause


def _known_batch(id: str) -> str:
    if not Ulid.pattern.fullmatch(id):
        raise Problem(ErrorCode.NOT_FOUND, "There is no such batch.")
    return id
