"""`GET /v1/limits`: the sizes and times in force."""

from flask import Response

from backend.api.answers import answer
from backend.api.context import satchel


def respond() -> Response:
    """Answer with the limits."""
    return answer(satchel().limits.as_wire())
