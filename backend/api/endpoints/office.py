"""`/v1/office/parked…`: list and show parked documents, and carry out the actions of the office on them."""

from functools import partial
from typing import Any

from flask import Response, request
from sqlalchemy.orm import Session, sessionmaker

from backend.api import office_auth, request_body
from backend.api.openapi.operation import POSITIVE, Operation, Reply, query
from backend.api.problems import Problem
from backend.api.responses import json_response
from backend.api.route import Auth, route
from backend.api.services import get_services
from backend.database.web_session import db
from backend.delivery.park_reasons import PARK_REASONS
from backend.erp.port import connect
from backend.identity.names import is_storable
from backend.office import queries
from backend.office.access import require_document
from backend.office.action import Action, ErpQuestion
from backend.office.actions import ACTIONS
from backend.office.causes import of_cause
from backend.office.queries import get_document, to_view
from backend.office.roles import Permission
from backend.office.service import OfficeService
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.fields import Key, Ulid
from sync_protocol.office import OWNERS, OfficeActionSchema, ParkedListSchema, ParkedSchema

MAX_LISTED = 500
ENVELOPE_BYTES = 64 * 1024
"""The reason, the number and the JSON around a corrected document."""


@route(
    "office_list",
    "GET",
    "/v1/office/parked",
    Operation(
        "List parked documents, longest-waiting first.",
        {200: Reply("The documents.", ParkedListSchema)},
        (ErrorCode.ENVELOPE_INVALID, ErrorCode.ROLE_MISSING),
        parameters=(
            query("owner", "Only documents with this owner: rep, office, it or erp."),
            query("class", "Only documents of this class of problem (`error_class`)."),
            query("rep", "Only documents of the rep with this id."),
            query("cause", "Only documents with this cause; see `/v1/office/causes`."),
            query("limit", f"Maximum number of documents, from 1 to {MAX_LISTED}; default 100.", POSITIVE),
            query(
                "limit_bytes",
                f"Maximum bytes of their bodies, at most and by default {queries.MAX_BYTES}. "
                "One document is returned even if it is larger.",
                POSITIVE,
            ),
            query("after", "`next` of the page before, for the documents that follow."),
        ),
    ),
    auth=Auth.OFFICE,
)
def list_parked() -> Response:
    """Answer with the parked documents that match the query."""
    user = office_auth.require_permission(Permission.VIEW, "view parked documents")
    owner, error_class = _choice("owner", OWNERS), _choice("class", tuple(PARK_REASONS))
    limit = _number("limit", 100, MAX_LISTED)
    limit_bytes = _number("limit_bytes", queries.MAX_BYTES, queries.MAX_BYTES)
    rep = request.args.get("rep") or None
    if rep is not None and not Key.pattern.fullmatch(rep):
        raise request_body.invalid(Fault(ErrorCode.FIELD_INVALID, "rep", Key.expected))
    cause = request.args.get("cause") or None
    if cause is not None and not is_storable(cause):
        raise request_body.invalid(Fault(ErrorCode.FIELD_INVALID, "cause", "must be a `cause` of the list"))
    with _session() as session, session.begin():
        page = _page_of(
            session,
            now=get_services().clock.now(),
            owner=owner,
            error_class=error_class,
            rep=rep,
            cause=of_cause(cause) if cause else None,
            limit=limit,
            limit_bytes=limit_bytes,
            after=request.args.get("after") or None,
            user=user,
        )
    return json_response({"documents": [document.to_wire() for document in page.documents], "next": page.next})


@route(
    "office_show",
    "GET",
    "/v1/office/parked/<id>",
    Operation(
        "Show one document in any state.",
        {200: Reply("The document.", ParkedSchema)},
        (ErrorCode.NOT_FOUND, ErrorCode.ROLE_MISSING),
    ),
    auth=Auth.OFFICE,
)
def show(id: str) -> Response:
    """Answer with one document in any state."""
    user = office_auth.require_permission(Permission.VIEW, "view parked documents")
    require_ulid(id)
    with _session() as session, session.begin():
        row = get_document(session, id)
        require_document(session, user, Permission.VIEW, row)
        return json_response(to_view(row, get_services().clock.now()).to_wire())


def act(action: Action, id: str) -> Response:
    """Carry out *action* and answer with the document as it is now; after `fix`, with the correction."""
    what = f"use the action {action.name}"
    user = office_auth.require_permission(action.permission, what)
    require_ulid(id)
    most = get_services().limits.submission_bytes + ENVELOPE_BYTES
    fields: dict[str, Any] = request_body.read(OfficeActionSchema, most)
    request_body.require_storable(fields)
    services = get_services()
    settings = services.settings
    sessions = sessionmaker(db.engine, expire_on_commit=False)
    office = OfficeService(
        sessions,
        services.clock,
        settings,
        lambda: connect(settings.connector, settings.erp),
        lambda session: office_auth.require_still(session, action.permission, what),
    )
    return json_response(office.perform(action.name, id, by=user.name, **fields).to_wire())


def _operation(action: Action) -> Operation:
    """Return the operation of an office action; its row says what it needs and how it can be refused."""
    required = [*(["why"] if action.needs_reason else []), *action.arguments]
    fields = f" Required: {', '.join(f'`{name}`' for name in required)}." if required else ""
    answer = "The correction, a new document." if action.replaces_document else "The document as it is now."
    problems = [
        ErrorCode.NOT_FOUND,
        ErrorCode.ROLE_MISSING,
        ErrorCode.NOT_PARKED,
        ErrorCode.RESERVED_BY_ANOTHER,
        ErrorCode.NOT_FOR_THIS,
    ]
    if action.wakes_worker:
        # A document is validated before it is sent.
        problems.append(ErrorCode.BODY_REFUSED)
    if action.erp_question:
        problems += [ErrorCode.MAY_BE_IN_ERP, ErrorCode.ERP_UNAVAILABLE]
    if action.erp_question is ErpQuestion.BY_NUMBER:
        problems += [ErrorCode.NOT_IN_ERP, ErrorCode.LINKED_ELSEWHERE, ErrorCode.LINK_DOUBTFUL]
    return Operation(
        action.summary + fields,
        {200: Reply(answer, ParkedSchema)},
        tuple(problems),
        request=OfficeActionSchema,
    )


ACTION_ROUTES = tuple(
    route(f"office_{name}", "POST", f"/v1/office/parked/<id>/{name}", _operation(action), auth=Auth.OFFICE)(
        partial(act, action)
    )
    for name, action in ACTIONS.items()
)
"""Each action has a route of its own."""


def require_ulid(id: str) -> None:
    """Raise a problem if *id* is no ULID: the database cannot even look for some texts, such as a NUL."""
    if not Ulid.pattern.fullmatch(id):
        raise Problem(ErrorCode.NOT_FOUND, f"There is no document {id!a}.")


def _page_of(session: Session, **query: Any) -> queries.ParkedPage:
    try:
        return queries.list_parked(session, **query)
    except ValueError as error:
        raise request_body.invalid(Fault(ErrorCode.FIELD_INVALID, "after", str(error))) from None


def _number(name: str, default: int, most: int) -> int:
    """Return the query parameter *name*, from 1 to *most*; raises a problem if it is anything else."""
    text = request.args.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= most):
        raise request_body.invalid(Fault(ErrorCode.FIELD_INVALID, name, f"must be from 1 to {most}"))
    return int(text)


def _choice(name: str, choices: tuple[str, ...]) -> str | None:
    """Return the query parameter *name*, None if it is absent; raises a problem if it is none of *choices*."""
    value = request.args.get(name) or None
    if value is not None and value not in choices:
        raise request_body.invalid(Fault(ErrorCode.FIELD_INVALID, name, f"must be one of {', '.join(choices)}"))
    return value


def _session() -> Session:
    return Session(db.engine, expire_on_commit=False)
