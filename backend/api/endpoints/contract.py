"""`GET /app/contract.json`: what an app draws lists, pages and forms from. It has no data of the company."""

from flask import Response, request

from backend.api.openapi.operation import Operation, Reply, header
from backend.api.responses import empty_response, json_response, weak_etag
from backend.api.route import Auth, route
from backend.api.services import get_services

CACHE = "public, no-cache"
"""Caches may keep it and ask each time: a phone must notice a newer contract at its next start."""
_TAG = header("ETag", "The version of the contract. Send it as If-None-Match.")


@route(
    "contract",
    "GET",
    "/app/contract.json",
    Operation(
        "Read the contract: collections, kinds, fields, rules and words.",
        {
            200: Reply("The contract; docs/contract.md describes it.", {"type": "object"}, headers=(_TAG,)),
            304: Reply("The contract has the version in If-None-Match.", headers=(_TAG,)),
        },
        parameters=(header("If-None-Match", "The ETag of the contract that the app has."),),
    ),
    auth=Auth.PUBLIC,
)
def respond() -> Response:
    """Answer with the contract; with 304 if If-None-Match names its version."""
    contract = get_services().contract()
    headers = {"ETag": weak_etag(contract.version), "Cache-Control": CACHE}
    if request.if_none_match.contains_weak(contract.version):
        return empty_response(304, headers)
    return json_response(contract.body, headers=headers)
