"""A server that answers HTTP as no Tryton should: each answer is the bytes it was told to send."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self

LOGIN = {
    "common.db.login": [7, "token", None],
    "model.res.user.get_preferences": {"company": 1, "language": "en"},
}
Answer = bytes | Callable[[Any], bytes] | Callable[[Any], Iterator[bytes]]
"""Bytes, or what makes them of the question; what comes piece by piece may never end."""


def http(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    """Return a whole HTTP answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def reply(result: Any) -> Callable[[Any], bytes]:
    """Return an answer with *result* to whatever is asked."""
    return lambda request: http(json.dumps({"id": request["id"], "result": result}).encode())


class GarbageServer:
    """Answers logins as Tryton does, and every other call with the next of `answers`."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.asked: list[str] = []
        self.drip_seconds = 0.0
        """Pause after each byte of an answer."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ended = False
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended = True
        with contextlib.suppress(OSError), socket.create_connection(self._listener.getsockname(), 1):
            pass
        self._thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            with connection:
                if self._ended:
                    return
                with contextlib.suppress(OSError, ValueError, KeyError):
                    self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(65536)
        head, _, body = received.partition(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        length = int(lengths[0].split(b":")[1])
        while len(body) < length:
            body += connection.recv(65536)
        request = json.loads(body)
        if request["method"] in LOGIN:
            connection.sendall(reply(LOGIN[request["method"]])(request))
            return
        self.asked.append(request["method"])
        answer = self.answers.pop(0)
        data = answer if isinstance(answer, bytes) else answer(request)
        if not isinstance(data, bytes):
            for piece in data:
                connection.sendall(piece)
            return
        if not self.drip_seconds:
            connection.sendall(data)
            return
        for position in range(len(data)):
            connection.sendall(data[position : position + 1])
            time.sleep(self.drip_seconds)
