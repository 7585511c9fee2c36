"""`GET /v1/limits`: the sizes and times in force."""

from flask import Response

from backend.api.responses import answer
from backend.api.services import satchel


def respond() -> Response:
    """Answer with the limits."""
    return answer(satchel().limits.as_wire())
