"""Every door of the API, in one table. A door without a lock says so here, and a test keeps the list short."""

from flask import Blueprint, request

from backend.api import (
    auth,
    enrol,
    limits,
    livez,
    office,
    office_auth,
    pull,
    push,
    readyz,
    receipts,
    segment,
    signed_links,
    sync,
    token,
    verify,
)
from backend.api.openapi import endpoint
from backend.api.route import Door

OPEN = False

DOORS = (
    Door("GET", "/v1/pull", "pull", pull.respond, look=pull.look),
    Door("POST", "/v1/push", "push", push.respond),
    Door("POST", "/v1/sync", "sync", sync.respond),
    Door("POST", "/v1/verify", "verify", verify.respond),
    Door("GET", "/v1/segments/<sha256>", "segment", segment.respond, linked=True, look=segment.look),
    Door("OPTIONS", "/v1/receipts", "receipts_options", receipts.describe),
    Door("POST", "/v1/receipts", "receipts_create", receipts.create),
    Door("HEAD", "/v1/receipts/<upload_id>", "receipts_standing", receipts.standing),
    Door("PATCH", "/v1/receipts/<upload_id>", "receipts_add", receipts.add),
    Door("DELETE", "/v1/receipts/<upload_id>", "receipts_terminate", receipts.terminate),
    Door("POST", "/v1/enrol", "enrol", enrol.respond, OPEN),
    Door("POST", "/v1/token", "token", token.respond, OPEN),
    Door("GET", "/v1/office/parked", "office_list", office.listing, office=True),
    Door("GET", "/v1/office/parked/<id>", "office_show", office.show, office=True),
    Door("POST", "/v1/office/parked/<id>/<deed>", "office_act", office.act, office=True),
    Door("GET", "/v1/limits", "limits", limits.respond, OPEN),
    Door("GET", "/v1/openapi.json", "openapi", endpoint.respond, OPEN),
    Door("GET", "/livez", "livez", livez.respond, OPEN),
    Door("GET", "/readyz", "readyz", readyz.respond, OPEN),
)

_OPEN_ENDPOINTS = {f"api.{door.name}" for door in DOORS if not door.locked}
_OFFICE_ENDPOINTS = {f"api.{door.name}" for door in DOORS if door.office}
_LINKED_ENDPOINTS = {f"api.{door.name}" for door in DOORS if door.linked}
_LOOKS = {f"api.{door.name}": door.look for door in DOORS}


def blueprint() -> Blueprint:
    """Return a blueprint with all doors, locked unless the table says otherwise."""
    api = Blueprint("api", __name__)
    for door in DOORS:
        api.add_url_rule(
            door.path, door.name, door.respond, methods=[door.method], provide_automatic_options=False
        )
    api.before_request(_lock)
    api.after_request(receipts.finish)
    return api


def _lock() -> None:
    if request.endpoint in _OPEN_ENDPOINTS:
        return
    if request.endpoint in _OFFICE_ENDPOINTS:
        office_auth.unlock()
        return
    if request.endpoint in _LINKED_ENDPOINTS and signed_links.unlock():
        return
    auth.unlock(_LOOKS[request.endpoint or ""])
