"""`GET /v1/limits`: the sizes and times in force."""

from flask import Response

from backend.api.responses import json_response
from backend.api.services import get_services


def respond() -> Response:
    """Answer with the limits."""
    return json_response(get_services().limits.as_wire())
