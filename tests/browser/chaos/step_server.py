"""The server that the steps of the app ask: it holds the answer to the step at which the browser is to die."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECONDS = 60.0


class StepServer:
    """Answers every step at once, except the one that is armed.

    Attributes:
        address: Its address.
        seen: How often each step was passed or reached.
    """

    def __init__(self) -> None:
        self.seen: dict[str, int] = {}
        self._armed = ""
        self._reached = threading.Event()
        self._released = threading.Event()
        steps = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                steps.answer(self.path[1:])
                try:
                    self.send_response(204)
                    self.send_header("Access-Control-Allow-Origin", "*")
                    self.end_headers()
                except OSError:
                    pass  # the browser was killed

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def answer(self, name: str) -> None:
        """Return at once, or, if *name* is armed, when it is released."""
        self.seen[name] = self.seen.get(name, 0) + 1
        if name == self._armed:
            self._reached.set()
            self._released.wait(2 * SECONDS)

    def arm(self, name: str) -> None:
        """Hold the next time that the step *name* is reached."""
        self._reached, self._released, self._armed = threading.Event(), threading.Event(), name

    def wait(self) -> None:
        """Wait until the armed step has been reached."""
        assert self._reached.wait(SECONDS), f"the step {self._armed} was never reached"

    def release(self) -> None:
        """Hold nothing any more."""
        self._armed = ""
        self._released.set()

    def close(self) -> None:
        self.release()
        self._server.shutdown()
        self._server.server_close()
