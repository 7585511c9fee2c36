"""The web server: gunicorn with threads, configured by our settings.

Apart from `serve`, which imports it only in the web process.
"""

from typing import Any

import click
from flask import Flask
from gunicorn.app.base import BaseApplication

from backend import gauges
from backend.app import create_app
from backend.settings import Settings


class _Web(BaseApplication):  # type: ignore[misc]
    """Gunicorn, configured by `Settings` instead of a file."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        super().__init__()

    def load_config(self) -> None:
        options: dict[str, Any] = {
            "bind": f"{self.settings.host}:{self.settings.port}",
            "workers": self.settings.web_processes,
            "worker_class": "gthread",
            "threads": self.settings.web_threads,
            # Longer than any of our requests, as a phone on a slow line takes long to send.
            "timeout": 120,
            "graceful_timeout": 30,
            "keepalive": 15,
            # The request line holds the cursor. This is gunicorn's maximum; longer cursors use POST /v1/sync.
            "limit_request_line": 8190,
            "accesslog": None,
            "errorlog": "-",
            "loglevel": "warning",
            "control_socket_disable": True,
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        # In each web process, after the fork: two processes must not count in one file.
        gauges.start_metrics(self.settings)
        return create_app(self.settings)


def run_web(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; raises `ClickException` for more than one process with SQLite."""
    if settings.embedded and settings.web_processes > 1:
        raise click.ClickException("SATCHEL_WEB_PROCESSES above 1 needs PostgreSQL: set SATCHEL_DATABASE_URL")
    _Web(settings).run()
