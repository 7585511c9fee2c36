"""`GET /v1/openapi.json`: this API, described for machines."""

from flask import Response

from backend.api.responses import json_response
from backend.api.services import get_services


def respond() -> Response:
    """Answer with the OpenAPI 3.1 document."""
    return json_response(get_services().openapi)
