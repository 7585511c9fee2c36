"""Gunicorn with `ClientWorker`, configured by our settings."""

import resource
from collections.abc import Callable
from typing import Any
from wsgiref.types import WSGIApplication

from gunicorn.app.base import BaseApplication

from backend.settings import Settings
from backend.settings.this_machine import authority
from backend.web_server.app import load_app
from backend.web_server.gunicorn_log import GunicornLog

MAX_REQUEST_LINE = 8190
"""The request line holds the cursor. This is gunicorn's maximum; longer cursors use POST /v1/sync."""
LoadApp = Callable[[Settings], WSGIApplication]
OTHER_FILES = 256
"""Descriptors that a web process needs beside its connections: database, files, logs."""


class _Web(BaseApplication):
    """Gunicorn, configured by `Settings` instead of a file."""

    def __init__(self, settings: Settings, load: LoadApp) -> None:
        self.settings, self._load_app = settings, load
        super().__init__()

    def load_config(self) -> None:
        options: dict[str, Any] = {
            "bind": authority(self.settings.host, self.settings.port),
            "workers": self.settings.web_processes,
            "worker_class": "backend.web_server.worker.ClientWorker",
            "threads": self.settings.web_threads,
            # A worker whose main thread says nothing for so long is killed; requests may take longer.
            "timeout": 120,
            "graceful_timeout": 30,
            "keepalive": 15,
            "limit_request_line": MAX_REQUEST_LINE,
            "limit_request_fields": 64,
            "accesslog": None,
            "errorlog": "-",
            "loglevel": "warning",
            "logger_class": GunicornLog,
            "control_socket_disable": True,
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> WSGIApplication:
        # In each web process, after the fork: two processes must not count in one file.
        return self._load_app(self.settings)


def run(settings: Settings, load: LoadApp = load_app) -> None:
    """Serve the app that *load* returns, until SIGTERM or SIGINT."""
    _allow_files(settings.web_connections + OTHER_FILES)
    _Web(settings, load).run()


def _allow_files(files: int) -> None:
    """Raise the limit of open files to *files*, as far as the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = files if hard == resource.RLIM_INFINITY else min(files, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
