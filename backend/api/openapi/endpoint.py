"""`GET /v1/openapi.json`: this API, described for machines."""

from flask import Response

from backend.api.responses import answer
from backend.api.services import satchel


def respond() -> Response:
    """Answer with the OpenAPI 3.1 document."""
    return answer(satchel().openapi)
