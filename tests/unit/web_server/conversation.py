"""Raw HTTP over a socket: what is sent is exactly what the test writes."""

import contextlib
import json
import socket
from types import TracebackType
from typing import Any, NamedTuple, Self

PATIENCE = 180
"""Seconds after which a test gives up; no test measures time."""


class RawReply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Conversation:
    """One connection to the server on *port*."""

    def __init__(self, port: int, *, receive_buffer: int | None = None) -> None:
        self._socket = socket.socket()
        if receive_buffer is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._socket.settimeout(PATIENCE)
        self._rest = b""
        try:
            self._socket.connect(("127.0.0.1", port))
        except OSError:
            self._socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def end_sending(self) -> None:
        self._socket.shutdown(socket.SHUT_WR)

    def get(self, path: str = "/echo", *headers: str) -> RawReply:
        """Send a GET and return the reply."""
        lines = [f"GET {path} HTTP/1.1", "Host: x", *headers]
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode())
        return self.reply()

    def reply(self) -> RawReply:
        """Return the next reply; raises ConnectionError if the connection ends before or in it."""
        while b"\r\n\r\n" not in self._rest:
            self._more()
        head, self._rest = self._rest.split(b"\r\n\r\n", 1)
        status_line, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        status = int(status_line.split()[1])
        length = int(headers.get("content-length", "0"))
        while len(self._rest) < length:
            self._more()
        body, self._rest = self._rest[:length], self._rest[length:]
        return RawReply(status, headers, body)

    def rest(self) -> bytes:
        """Send nothing more, and return all that the server still sends."""
        with contextlib.suppress(OSError):
            self.end_sending()
            while piece := self._socket.recv(2**16):
                self._rest += piece
        return self._rest

    def ended(self) -> bool:
        """Return whether the server closes the connection without sending anything more."""
        try:
            return self._rest == b"" and self._socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def _more(self) -> None:
        piece = self._socket.recv(2**16)
        if not piece:
            raise ConnectionError(f"the connection ended after {self._rest[:200]!r}")
        self._rest += piece
