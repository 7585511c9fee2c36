"""`GET /v1/openapi.json`: this API, described for machines."""

from flask import Response

from backend.api.answers import answer
from backend.api.context import satchel


def respond() -> Response:
    """Answer with the OpenAPI 3.1 document."""
    return answer(satchel().openapi)
