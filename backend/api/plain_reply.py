"""Starts a reply without Flask, with the headers that Flask's replies have, and logs the request."""

from collections.abc import Iterable
from http import HTTPStatus
from wsgiref.types import StartResponse, WSGIEnvironment

from backend.api import request_log
from backend.api.responses import HEADERS, SECURE
from backend.api.services import Services
from backend.identity.principals import Principal


def start(
    environ: WSGIEnvironment,
    start_response: StartResponse,
    services: Services,
    *,
    status: int,
    headers: Iterable[tuple[str, str]],
    principal: Principal,
    began: float,
    request_id: str | None = None,
) -> None:
    """Start the reply to a request of *principal*, which *began* then (`time.perf_counter`), and log it.

    *headers* describe the body. The path must be that of its route. *request_id*: as `request_log.request_id`
    returned it; None: not yet.
    """
    id = request_id or request_log.request_id(environ.get("HTTP_X_REQUEST_ID", ""))
    every = [*headers, *_headers(environ, services, id)]
    start_response(f"{status} {HTTPStatus(status).phrase.upper()}", every)
    request_log.log_request(
        began=began, method=environ["REQUEST_METHOD"], path=environ["PATH_INFO"], status=status,
        principal=principal, request_id=id,
    )  # fmt: skip


def described(body: bytes, sent: bytes, coding: str) -> list[tuple[str, str]]:
    """Return the headers of the JSON *body*, which is sent as *sent*, in *coding* if that is not *body*."""
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(sent)))]
    return headers if sent is body else [*headers, ("Content-Encoding", coding)]


def _headers(environ: WSGIEnvironment, services: Services, request_id: str) -> list[tuple[str, str]]:
    """Return the headers that the app sends with every reply; tests compare them."""
    every = [
        *HEADERS.items(),
        (request_log.REQUEST_ID, request_id),
        ("Vary", "Origin, Accept-Encoding" if services.settings.cors_origins else "Accept-Encoding"),
    ]
    return [*every, SECURE] if environ["wsgi.url_scheme"] == "https" else every
