"""`GET /`: what this server is, for a person who opens its address in a browser."""

from html import escape

from flask import Response

from backend.api.openapi.operation import Operation, Reply
from backend.api.route import Auth, route
from backend.api.services import get_services

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Satchel: {company}</title>
<h1>Satchel: {company}</h1>
<p>This server synchronizes the phones of the sales reps with the ERP.</p>
<ul>
<li>Reps: connect a phone with the code of the office. This server's address is <code>{url}</code>.</li>
<li>Office: <a href="/office/">/office/</a> shows what came in, and what waits for a person.</li>
<li>Operators: <a href="/readyz">/readyz</a> says whether the server is ready.</li>
<li>Developers: <a href="/v1/openapi.json">/v1/openapi.json</a> describes every request.</li>
</ul>
</html>
"""


@route(
    "start_page",
    "GET",
    "/",
    Operation("Read what this server is.", {200: Reply("A page for people.", media_type="text/html")}),
    auth=Auth.PUBLIC,
)
def start_page() -> Response:
    """Answer with a page that says what this is and where to go."""
    settings = get_services().settings
    page = _PAGE.format(company=escape(settings.company), url=escape(settings.public_url))
    return Response(page, content_type="text/html; charset=utf-8")
