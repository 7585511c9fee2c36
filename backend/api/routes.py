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
from backend.api.route import Route

OPEN = False

ROUTES = (
    Route("GET", "/v1/pull", "pull", pull.respond, preload=pull.preload),
    Route("POST", "/v1/push", "push", push.respond),
    Route("POST", "/v1/sync", "sync", sync.respond),
    Route("POST", "/v1/verify", "verify", verify.respond),
    Route("GET", "/v1/segments/<sha256>", "segment", segment.respond, linked=True, preload=segment.preload),
    Route("OPTIONS", "/v1/receipts", "receipts_options", receipts.describe),
    Route("POST", "/v1/receipts", "receipts_create", receipts.create),
    Route("HEAD", "/v1/receipts/<upload_id>", "receipts_standing", receipts.upload_status),
    Route("PATCH", "/v1/receipts/<upload_id>", "receipts_add", receipts.add),
    Route("DELETE", "/v1/receipts/<upload_id>", "receipts_terminate", receipts.terminate),
    Route("POST", "/v1/enrol", "enrol", enrol.respond, OPEN),
    Route("POST", "/v1/token", "token", token.respond, OPEN),
    *office.ROUTES,
    Route("GET", "/v1/limits", "limits", limits.respond, OPEN),
    Route("GET", "/v1/openapi.json", "openapi", endpoint.respond, OPEN),
    Route("GET", "/livez", "livez", livez.respond, OPEN),
    Route("GET", "/readyz", "readyz", readyz.respond, OPEN),
)

_OPEN_ENDPOINTS = {f"api.{door.name}" for door in ROUTES if not door.locked}
_OFFICE_ENDPOINTS = {f"api.{door.name}" for door in ROUTES if door.office}
_LINKED_ENDPOINTS = {f"api.{door.name}" for door in ROUTES if door.linked}
_PRELOADS = {f"api.{door.name}": door.preload for door in ROUTES}


def blueprint() -> Blueprint:
    """Return a blueprint with all doors, locked unless the table says otherwise."""
    api = Blueprint("api", __name__)
    for door in ROUTES:
        api.add_url_rule(
            door.path, door.name, door.respond, methods=[door.method], provide_automatic_options=False
        )
    api.before_request(_authenticate)
    api.after_request(receipts.finish)
    return api


def _authenticate() -> None:
    if request.endpoint in _OPEN_ENDPOINTS:
        return
    if request.endpoint in _OFFICE_ENDPOINTS:
        office_auth.authenticate()
        return
    if request.endpoint in _LINKED_ENDPOINTS and signed_links.authenticate_link():
        return
    auth.authenticate(_PRELOADS[request.endpoint or ""])
