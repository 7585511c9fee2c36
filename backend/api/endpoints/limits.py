"""`GET /v1/limits`: the sizes and times in force."""

from flask import Response

from backend.api.openapi.operation import COMPONENTS, Operation, Reply
from backend.api.responses import json_response
from backend.api.route import Auth, route
from backend.api.services import get_services


@route(
    "limits",
    "GET",
    "/v1/limits",
    Operation(
        "Read the sizes and times in force.", {200: Reply("The limits.", {"$ref": f"{COMPONENTS}Limits"})}
    ),
    auth=Auth.PUBLIC,
)
def respond() -> Response:
    """Answer with the limits."""
    return json_response(get_services().limits.as_wire())
