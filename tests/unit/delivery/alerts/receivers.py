"""A mail server and a web server on this machine that keep what they are sent, and can misbehave."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any


class MailReceiver(socketserver.ThreadingTCPServer):
    """Speaks enough SMTP to take mail. *mode*: ok, refuse (the data), or cut (after it has the data)."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Mail)
        self.mails: list[str] = []
        self.mode = "ok"


class _Mail(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        receiver: Any = self.server
        self.wfile.write(b"220 receiver\r\n")
        while line := self.rfile.readline():
            word = line.split(b" ")[0].strip().upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = []
                while (data := self.rfile.readline()).rstrip() != b".":
                    lines.append(data.decode().rstrip("\r\n"))
                if receiver.mode == "refuse":
                    self.wfile.write(b"451 not now\r\n")
                    continue
                receiver.mails.append("\n".join(lines))
                if receiver.mode == "cut":
                    return
                self.wfile.write(b"250 taken\r\n")
            elif word == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 ok\r\n")


class WebReceiver(HTTPServer):
    """Keeps what is posted, and answers with *status*; 0 cuts the line without an answer."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Post)
        self.posts: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        self.answers_for_ever, self.answered = False, 0


class _Post(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        receiver: Any = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        receiver.posts.append((dict(self.headers), body))
        if receiver.status:
            self.send_response(receiver.status)
            if receiver.answers_for_ever:
                self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            while receiver.answers_for_ever:
                try:
                    self.wfile.write(b"x" * 65_536)
                except OSError:
                    return
                receiver.answered += 65_536

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def serving(receiver: Any) -> Iterator[Any]:
    """Let *receiver* serve in a thread."""
    thread = threading.Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.shutdown()
        receiver.server_close()
        thread.join()
