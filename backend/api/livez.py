"""`GET /livez`: the process answers. It looks at nothing else, so that a slow database restarts nobody."""

from flask import Response

from backend.api.responses import json_response


def respond() -> Response:
    """Answer 200."""
    return json_response({"status": "alive"})
