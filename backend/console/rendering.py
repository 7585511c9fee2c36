"""Renders templates: a whole page for a browser, or one block of the same template for htmx."""

from functools import cache
from pathlib import Path
from typing import Any

from flask import Response, g, request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2_fragments import render_block

from backend.api.services import get_services
from backend.console import assets, csrf, policy
from backend.console.language import Words, chosen_language, words
from backend.console.times import Times

FOLDER = Path(__file__).parent


@cache
def _environment() -> Environment:
    """Return the templates of all packages, `<package>/<name>.html`, with every value escaped."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, auto_reload=False
    )
    environment.globals |= {"address": assets.address, "csrf_token": csrf.token, "nonce": policy.nonce}
    # The macros are global: a block that is rendered alone has no imports of its template.
    environment.globals["parts"] = environment.get_template("templates/parts.html").module
    return environment


def render(template: str, *, block: str | None = None, texts: Words | None = None, **values: Any) -> Response:
    """Return the page *template* with *values*, or only its *block* if htmx asks for a part of the page.

    *texts* are the package's own texts; those of the frame are there too.
    """
    language, services = chosen_language(), get_services()
    values |= {
        "language": language,
        "t": words(language, texts or {}),
        "times": Times(language, services.settings.zone, services.clock.now()),
        "visitor": g.visitor,
        "company": services.settings.company,
    }
    is_part = block is not None and request.headers.get("HX-Request") == "true"
    if is_part and block is not None:
        body = render_block(_environment(), template, block, **values)
    else:
        body = _environment().get_template(template).render(**values)
    return Response(body, content_type="text/html; charset=utf-8")
