"""The commands of a first session: printed when the server answers, and not before."""

import io
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from rich.console import Console

from backend.cli import invitation
from backend.settings import read_settings
from tests.eventually import SECONDS
from tests.services.process import free_port


class _Unready(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Answer as a server whose database is away: it listens all the same."""
        self.send_error(503)

    def log_message(self, format: str, *arguments: object) -> None:
        """Print nothing."""


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_the_commands_are_printed_when_the_server_listens(host: str) -> None:
    port = free_port()
    settings = read_settings({"SATCHEL_PORT": str(port), "SATCHEL_HOST": host})
    out = io.StringIO()
    printing = invitation.print_when_listening(settings, ["satchel device sync"], Console(file=out, width=80))
    printing.join(0.5)
    assert out.getvalue() == ""
    server = HTTPServer(("127.0.0.1", port), _Unready)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        printing.join(SECONDS)
    finally:
        server.shutdown()
        server.server_close()
    assert f"http://127.0.0.1:{port}" in out.getvalue()
    assert "satchel device sync" in out.getvalue()
