"""`/v1/office/parked…`: what waits for the office, and what it does about it. The CLI is the other door."""

import json
from dataclasses import asdict
from typing import Any

from flask import Response, request
from sqlalchemy.orm import Session

from backend import doorbell
from backend.api import office_auth, request_body
from backend.api.problems import Problem
from backend.api.responses import json_response
from backend.api.services import get_services
from backend.clock import instant
from backend.database.core import db
from backend.delivery.park_reasons import PARK_REASONS
from backend.erp.port import connect
from backend.office.action import get_document
from backend.office.queries import ParkedDocument, list_parked, to_view
from backend.office.service import OfficeService
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.fields import Key, Ulid
from sync_protocol.office import OFFICE_ACTIONS, OWNERS, OfficeActionSchema

MAX_LISTED = 500
SENDS = ("retry", "fix")


def listing() -> Response:
    """Answer with what is parked, as far as the query asks for it."""
    office_auth.require_permission("view")
    owner, error_class = _one_of("owner", OWNERS), _one_of("class", tuple(PARK_REASONS))
    limit = request.args.get("limit", "100")
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:9]) <= MAX_LISTED):
        raise request_body.invalid(Fault(ErrorCode.FIELD_INVALID, "limit", f"must be from 1 to {MAX_LISTED}"))
    rep = request.args.get("rep") or None
    if rep is not None and not Key.pattern.fullmatch(rep):
        raise request_body.invalid(Fault(ErrorCode.FIELD_INVALID, "rep", Key.expected))
    with _session() as session, session.begin():
        now = get_services().clock.now()
        found = list_parked(session, now=now, owner=owner, error_class=error_class, rep=rep, limit=int(limit))
    return json_response({"documents": [_as_wire(one) for one in found]})


def show(id: str) -> Response:
    """Answer with one document, parked or not any more."""
    office_auth.require_permission("view")
    _id(id)
    with _session() as session, session.begin():
        return json_response(_as_wire(to_view(get_document(session, id), get_services().clock.now())))


def act(id: str, deed: str) -> Response:
    """Do *deed* with a document and answer with what has become of it; with `fix`, with the new one."""
    if deed not in OFFICE_ACTIONS:
        raise Problem(ErrorCode.NOT_FOUND, f"There is no deed {deed!r}; there are {', '.join(OFFICE_ACTIONS)}.")
    by = office_auth.require_permission(deed).name
    _id(id)
    asked = request_body.read(OfficeActionSchema)
    request_body.require_storable(asked)
    here = get_services()
    office = OfficeService(
        _session, here.clock, here.settings, lambda: connect(here.settings.connector, here.settings.erp)
    )
    one = _perform(office, id, deed, by, asked)
    if deed in SENDS:
        # After the commit, or the worker would look before there is anything to see.
        doorbell.ring(here.settings)
    return json_response(_as_wire(one))


def _perform(office: OfficeService, id: str, deed: str, by: str, asked: dict[str, Any]) -> ParkedDocument:
    why, force = asked["why"], asked["force"]
    match deed:
        case "claim":
            return office.reserve(id, by, force=force)
        case "release":
            return office.release(id, by, force=force)
        case "fix":
            return office.fix(id, by, _required(asked, "body"), why, force=force)
        case "link":
            return office.link(id, by, _required(asked, "number"), why, force=force)
        case "cancel":
            return office.cancel(id, by, why, force=force)
        case "return":
            return office.return_to_rep(id, by, why, force=force)
        case "done":
            return office.done(id, by, why, force=force)
        case _:
            return office.retry(id, by, why, force=force)


def _required(asked: dict[str, Any], field: str) -> Any:
    if asked[field] is None:
        raise request_body.invalid(Fault(ErrorCode.FIELD_MISSING, field, "is required"))
    return asked[field]


def _id(id: str) -> None:
    """Raise a problem if *id* can be none of a document's, and perhaps nothing that a database takes."""
    if not Ulid.pattern.fullmatch(id):
        raise Problem(ErrorCode.NOT_FOUND, f"There is no document {id!a}.")


def _one_of(name: str, words: tuple[str, ...]) -> str | None:
    found = request.args.get(name) or None
    if found is not None and found not in words:
        raise request_body.invalid(Fault(ErrorCode.FIELD_INVALID, name, f"must be one of {', '.join(words)}"))
    return found


def _session() -> Session:
    return Session(db.engine, expire_on_commit=False)


def _as_wire(one: ParkedDocument) -> dict[str, Any]:
    moments = {name: instant(at) if at else None for name, at in _moments(one).items()}
    return {**asdict(one), **moments, "body": json.loads(one.body)}


def _moments(one: ParkedDocument) -> dict[str, Any]:
    return {"since": one.since, "received_at": one.received_at, "reserved_until": one.reserved_until}
