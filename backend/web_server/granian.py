"""Granian, configured by our settings. It is an option: see `docs/decisions/0033-the-web-server.md`."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.http import HTTP1Settings
from granian.server import Server

from backend import logs
from backend.settings import Settings
from backend.web_server.app import load_app

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
else:
    WSGIApplication = Any

MAX_HEAD = 32 * 1024
LoadApp = Callable[[Settings], WSGIApplication]


def load(settings: Settings) -> WSGIApplication:
    """Return the app; granian calls this in each web process, which is a new interpreter."""
    logs.configure(settings.log)
    return load_app(settings)


def run(settings: Settings, load: LoadApp = load) -> None:
    """Serve the app that *load*, a function of a module, returns, until SIGTERM or SIGINT."""
    server = Server(
        "backend.web_server.granian:load",
        address=settings.host.strip("[]"),
        port=settings.port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        workers=settings.web_processes,
        blocking_threads=settings.web_threads,
        backlog=settings.web_connections,
        http1_settings=HTTP1Settings(
            header_read_timeout=int(settings.web_client_seconds * 1000), max_buffer_size=MAX_HEAD
        ),
        respawn_failed_workers=True,
        workers_kill_timeout=30,
        log_enabled=True,
        ssl_cert=Path(settings.tls_certificate) if settings.tls_certificate else None,
        ssl_key=Path(settings.tls_key) if settings.tls_key else None,
        # Granian's default is 1.3; Android 9 and older browsers have 1.2.
        ssl_protocol_min=SSLProtocols.tls12,
    )
    server.serve(target_loader=partial(load, settings), wrap_loader=False)
