"""`/v1/office/causes` and `/v1/office/batches`: settle all documents with one cause together."""

from typing import Any

from flask import Response
from sqlalchemy.orm import Session, sessionmaker

from backend.api import office_auth, request_body
from backend.api.endpoints.office import require_ulid
from backend.api.openapi.operation import Operation, Reply
from backend.api.responses import json_response
from backend.api.route import Auth, route
from backend.api.services import get_services
from backend.database.web_session import db
from backend.erp.port import connect
from backend.office.access import OfficeUser
from backend.office.action import Action
from backend.office.actions import ACTIONS
from backend.office.batch_request import FOR_MANY, BatchRequest
from backend.office.batches import MOST_AT_ONCE, BatchService, action_of, batch_view
from backend.office.causes import causes
from backend.office.field_changes import FieldChange
from backend.office.roles import Permission
from sync_protocol.errors import ErrorCode
from sync_protocol.office_batches import BatchRequestSchema, BatchSchema, CauseListSchema, UndoSchema

REQUEST_BYTES = 64 * 1024


@route(
    "office_causes",
    "GET",
    "/v1/office/causes",
    Operation(
        "List the causes for which documents are parked, the one with most documents first.",
        {200: Reply("The causes.", CauseListSchema)},
        (ErrorCode.ROLE_MISSING,),
    ),
    auth=Auth.OFFICE,
)
def list_causes() -> Response:
    """Answer with the causes for which documents are parked."""
    user = office_auth.require_permission(Permission.VIEW, "view parked documents")
    with Session(db.engine) as session, session.begin():
        listed = causes(session, now=get_services().clock.now(), user=user)
    return json_response({"causes": [cause.to_wire() for cause in listed]})


@route(
    "office_batch_begin",
    "POST",
    "/v1/office/batches",
    Operation(
        f"Begin a batch: one action ({', '.join(FOR_MANY)}) on all documents with one cause. "
        "No document is settled yet; `continue` does that.",
        {200: Reply("The batch.", BatchSchema)},
        (ErrorCode.ROLE_MISSING, ErrorCode.NOT_FOUND),
        request=BatchRequestSchema,
    ),
    auth=Auth.OFFICE,
)
def begin() -> Response:
    """Store a batch and answer with it."""
    office_auth.require_permission(Permission.VIEW, "view parked documents")
    fields: dict[str, Any] = request_body.read(BatchRequestSchema, REQUEST_BYTES)
    request_body.require_storable(fields)
    action = ACTIONS.get(fields["action"])
    permission = action.permission if action is not None else Permission.DECIDE
    user = office_auth.require_permission(permission, f"use the action {fields['action']}")
    changes = [FieldChange(**change) for change in fields.pop("changes")]
    request = BatchRequest(by=user.name, changes=changes, **fields)
    return _view(_service(permission, f"use the action {request.action}").begin(request), user)


@route(
    "office_batch",
    "GET",
    "/v1/office/batches/<id>",
    Operation(
        "Show a batch, and what became of each of its documents.",
        {200: Reply("The batch.", BatchSchema)},
        (ErrorCode.ROLE_MISSING, ErrorCode.NOT_FOUND),
    ),
    auth=Auth.OFFICE,
)
def show(id: str) -> Response:
    """Answer with a batch."""
    user = office_auth.require_permission(Permission.VIEW, "view parked documents")
    require_ulid(id)
    return _view(id, user)


@route(
    "office_batch_continue",
    "POST",
    "/v1/office/batches/<id>/continue",
    Operation(
        f"Settle the next documents of a batch, at most {MOST_AT_ONCE}. Repeat it while `waiting` is above 0.",
        {200: Reply("The batch as it is now.", BatchSchema)},
        (ErrorCode.ROLE_MISSING, ErrorCode.NOT_FOUND, ErrorCode.NOT_FOR_THIS),
    ),
    auth=Auth.OFFICE,
)
def proceed(id: str) -> Response:
    """Settle the next documents of a batch and answer with it."""
    action = _action_of(id)
    what = f"use the action {action.name}"
    user = office_auth.require_permission(action.permission, what)
    _service(action.permission, what).proceed(id, by=user.name, most=MOST_AT_ONCE)
    return _view(id, user)


@route(
    "office_batch_undo",
    "POST",
    "/v1/office/batches/<id>/undo",
    Operation(
        "Undo a batch: park again each document that it has queued and nobody has sent.",
        {200: Reply("The batch as it is now.", BatchSchema)},
        (ErrorCode.ROLE_MISSING, ErrorCode.NOT_FOUND, ErrorCode.NOT_FOR_THIS),
        request=UndoSchema,
    ),
    auth=Auth.OFFICE,
)
def undo(id: str) -> Response:
    """Undo a batch and answer with it."""
    action = _action_of(id)
    what = f"undo the action {action.name}"
    user = office_auth.require_permission(action.permission, what)
    fields: dict[str, Any] = request_body.read(UndoSchema, REQUEST_BYTES)
    request_body.require_storable(fields)
    _service(action.permission, what).undo(id, by=user.name, why=fields["why"])
    return _view(id, user)


def _action_of(id: str) -> Action:
    office_auth.require_permission(Permission.VIEW, "view parked documents")
    require_ulid(id)
    with Session(db.engine) as session:
        return action_of(session, id)


def _service(permission: Permission, what: str) -> BatchService:
    services = get_services()
    settings = services.settings
    return BatchService(
        sessionmaker(db.engine, expire_on_commit=False),
        services.clock,
        settings,
        lambda: connect(settings.connector, settings.erp),
        lambda session: office_auth.require_still(session, permission, what),
    )


def _view(id: str, user: OfficeUser) -> Response:
    with Session(db.engine) as session:
        return json_response(batch_view(session, id, user))
