"""Live parts of pages: the browser asks again and again, and gets 304 without a page while nothing has changed.

A part is a block of the page's template that has `hx-get`, `hx-trigger` and the tag (`part_attributes` in
`templates/parts.html`). No connection is held open, so no worker waits.
Separate from the pages, which all poll by this one function.
"""

import hashlib
from typing import Any

from flask import Response, g, request

from backend.api.responses import empty_response, weak_etag
from backend.console.assets import build
from backend.console.language import Words, chosen_language
from backend.console.rendering import render


def respond(template: str, block: str, *, texts: Words, **values: Any) -> Response:
    """Return the page *template*, its *block*, or 304 if the browser shows the same *values* already.

    *values* must have a `repr` that says all of them: dataclasses, lists, texts, times.
    """
    stated = repr((build().id, chosen_language(), g.visitor, sorted(values.items())))
    tag = weak_etag(hashlib.sha256(stated.encode("utf-8", "surrogatepass")).hexdigest()[:22])
    is_poll = request.headers.get("HX-Request") == "true"
    if is_poll and tag in request.headers.get("If-None-Match", ""):
        return empty_response(304, {"ETag": tag})
    response = render(template, block=block, texts=texts, tag=tag, **values)
    response.headers["ETag"] = tag
    return response
