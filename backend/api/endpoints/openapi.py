"""`GET /v1/openapi.json`: this API's OpenAPI description."""

from flask import Response

from backend.api.openapi.operation import Operation, Reply
from backend.api.responses import json_response
from backend.api.route import Auth, route
from backend.api.services import get_services


@route(
    "openapi",
    "GET",
    "/v1/openapi.json",
    Operation("Read this description.", {200: Reply("An OpenAPI 3.1 document.", {"type": "object"})}),
    auth=Auth.PUBLIC,
)
def respond() -> Response:
    """Answer with the OpenAPI 3.1 document."""
    return json_response(get_services().openapi())
