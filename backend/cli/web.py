"""The web server: gunicorn with threads, set up from our settings alone."""

from typing import Any

import click
from flask import Flask
from gunicorn.app.base import BaseApplication

from backend import gauges
from backend.app import create_app
from backend.settings import Settings


class _Web(BaseApplication):  # type: ignore[misc]
    """Gunicorn, told what to do by `Settings` instead of a file."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        super().__init__()

    def load_config(self) -> None:
        chosen: dict[str, Any] = {
            "bind": f"{self.settings.host}:{self.settings.port}",
            "workers": self.settings.web_processes,
            "worker_class": "gthread",
            "threads": self.settings.web_threads,
            # Longer than any request of ours; a phone on a slow line may take its time to send.
            "timeout": 120,
            "graceful_timeout": 30,
            "keepalive": 15,
            # A cursor travels in the request line; gunicorn's most. Longer ones go through POST /v1/sync.
            "limit_request_line": 8190,
            "accesslog": None,
            "errorlog": "-",
            "loglevel": "warning",
            "control_socket_disable": True,
        }
        for name, value in chosen.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        # In each web process, after the fork: a file that two processes write to would count neither.
        gauges.start_metrics(self.settings)
        return create_app(self.settings)


def run_web(settings: Settings) -> None:
    """Serve until told to stop."""
    if settings.embedded and settings.web_processes > 1:
        raise click.ClickException("SATCHEL_WEB_PROCESSES above 1 needs PostgreSQL: set SATCHEL_DATABASE_URL")
    _Web(settings).run()
