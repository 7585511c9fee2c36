"""`GET /metrics` on an address of its own, for all processes of this machine; never part of the public app.

Every web process and the worker compete for a lock, and the one that gets it serves. When it ends, another one
takes over within seconds. Failures are logged and retried, and never affect sync.
"""

import logging
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import StartResponse, WSGIEnvironment

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import make_wsgi_app
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from backend.file_lock import try_lock
from backend.metrics import files

log = logging.getLogger(__name__)

PATH = "/metrics"
TAKE_OVER_SECONDS = 5.0
"""Between two attempts to take over from the process that serves."""
BIND_SECONDS = 15.0
"""Between two attempts to get a port that another program uses."""
ADD_UP_SECONDS = 60.0
"""Between two checks for ended processes while nobody scrapes."""
CLIENT_SECONDS = 10.0
"""How long a client may take to send its request; clients are served one at a time."""


def start(folder: Path, address: str, gauges: Collector | None) -> None:
    """Count in files below *folder*; with *gauges*, also compete to serve them at *address*. Never raises.

    *address* is `host:port`. If it is empty, this process counts in memory and nothing is served.
    """
    if not address:
        return
    try:
        directory = files.join(folder)
    except OSError as error:
        log.error(
            "metrics of this process are not counted: %s: %s; everything else works. Make %s writable, free"
            " disk space, and restart",
            files.directory_in(folder), error.strerror or error, folder,
        )  # fmt: skip
        return
    if gauges is not None:
        exporter = _Exporter(directory, address, gauges)
        threading.Thread(target=exporter.run, name="metrics", daemon=True).start()


class _Exporter:
    """Serves as soon as no other process does, until this process ends."""

    def __init__(self, directory: Path, address: str, gauges: Collector) -> None:
        host, _, port = address.rpartition(":")
        self.directory, self.address, self.gauges = directory, (host.strip("[]"), int(port)), gauges

    def run(self) -> None:
        last_error = ""
        while True:
            try:
                self._serve_when_free()
            except Exception as error:
                if str(error) != last_error:
                    log.error("metrics are not served at %s port %d: %s", *self.address, error)
                last_error = str(error)
            time.sleep(BIND_SECONDS)

    def _serve_when_free(self) -> None:
        with (self.directory / files.HEARTBEAT).open("a") as heartbeat:
            while not try_lock(heartbeat):
                time.sleep(TAKE_OVER_SECONDS)
            registry = CollectorRegistry(auto_describe=False)
            registry.register(self.gauges)
            MultiProcessCollector(registry, path=str(self.directory))
            self._serve(_only_metrics(make_wsgi_app(registry), self.directory))

    def _serve(self, app: Callable[..., Iterable[bytes]]) -> None:
        last_error = ""
        while True:
            try:
                server = _Server(self.address, self.directory)
                break
            except OSError as error:
                if str(error) != last_error:
                    log.error(
                        "metrics are not served: %s port %d: %s. This is retried, and everything else works."
                        " Set SATCHEL_METRICS_ADDRESS to a free port",
                        *self.address, error.strerror or error,
                    )  # fmt: skip
                last_error = str(error)
                time.sleep(BIND_SECONDS)
        with server:
            server.set_app(app)
            log.info("metrics are served at %s port %d", *self.address)
            server.serve_forever()


def _only_metrics(app: Callable[..., Iterable[bytes]], directory: Path) -> Callable[..., Iterable[bytes]]:
    """Return *app* on its one path, where it first adds up the counts of ended processes."""

    def respond(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] != PATH:
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"The only path is /metrics.\n"]
        try:
            files.add_up_ended(directory)
        except OSError as error:
            # Their files are then read one by one, and added up when there is space.
            log.warning("metrics of ended processes cannot be added up: %s", error)
        return app(environ, start_response)

    return respond


class _Handler(WSGIRequestHandler):
    timeout = CLIENT_SECONDS

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: requests come every few seconds."""


class _Server(WSGIServer):
    """Serves one request at a time, as there is one Prometheus."""

    def __init__(self, address: tuple[str, int], directory: Path) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.directory, self._next = directory, 0.0
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind without a DNS lookup of the host name, which can take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()

    def service_actions(self) -> None:
        """While nobody scrapes, keep the directory small and mark it as in use."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + ADD_UP_SECONDS
        try:
            (self.directory / files.HEARTBEAT).touch()
            files.add_up_ended(self.directory)
        except OSError as error:
            log.warning("metrics of ended processes cannot be added up: %s", error)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log a client that closed the connection."""
        log.info("a scrape was interrupted", exc_info=True)
