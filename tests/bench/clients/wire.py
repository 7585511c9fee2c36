"""A small HTTP/1.1 client that keeps one connection and counts every byte, headers included.

The usual libraries cost more CPU than some of the servers measured here; the server is what is measured.
"""

import gzip
import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from backports import zstd

INFLATE: Mapping[str, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "zstd": zstd.decompress}
CODINGS = {"Accept-Encoding": "zstd, gzip"}
"""Every client sends this, as browsers do; each server answers with the best coding that it has."""


@dataclass(frozen=True)
class Answer:
    """A response; *body* is decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Refused(RuntimeError):
    """The response is not the expected one, so a figure measured from it would mean nothing."""


def request_bytes(
    method: str, path: str, headers: Mapping[str, str], body: bytes | None = None, host: str = "bench"
) -> bytes:
    """Return the raw bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *(f"{n}: {v}" for n, v in headers.items())]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


class Wire:
    """One persistent connection to 127.0.0.1:*port*."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.received = 0
        self.sent = 0
        self._open()

    def _open(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self.port), 120)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb", buffering=256 * 1024)

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        statuses: tuple[int, ...] = (200,),
    ) -> Answer:
        """Send a request and return its response; raises `Refused` for a status that is not in *statuses*."""
        answer = self.send(request_bytes(method, path, headers, body))
        if answer.status not in statuses:
            raise Refused(f"{method} {path[:120]} answered {answer.status}: {answer.body[:400]!r}")
        return answer

    def send(self, raw: bytes) -> Answer:
        """Send a raw request and return its response."""
        status = int(self._begin(raw).split(b" ", 2)[1])
        headers: dict[str, str] = {}
        while line := self._line():
            name, _, value = line.partition(b":")
            headers[name.decode().lower()] = value.strip().decode("latin-1")
        body = self._body(status, headers)
        if headers.get("connection", "").lower() == "close":
            self.close()
            self._open()
        inflate = INFLATE.get(headers.get("content-encoding", ""))
        return Answer(status, headers, inflate(body) if inflate else body)

    def _begin(self, raw: bytes) -> bytes:
        """Send *raw* and return the first line of the response; reconnect once if the connection is closed.

        A server closes a connection that was idle for long. All requests here may be repeated.
        """
        for fresh in (False, True):
            try:
                self._socket.sendall(raw)
                self.sent += len(raw)
                return self._line()
            except ConnectionError:
                if fresh:
                    raise
                self.close()
                self._open()
        raise AssertionError

    def _line(self) -> bytes:
        line = self._file.readline()
        if not line:
            raise ConnectionError("the server closed the connection")
        self.received += len(line)
        return line.rstrip(b"\r\n")

    def _body(self, status: int, headers: Mapping[str, str]) -> bytes:
        if status in (204, 304):
            return b""
        if headers.get("transfer-encoding") == "chunked":
            pieces = []
            while size := int(self._line(), 16):
                pieces.append(self._read(size))
                self._line()
            self._line()
            return b"".join(pieces)
        return self._read(int(headers["content-length"]))

    def _read(self, size: int) -> bytes:
        data = self._file.read(size)
        self.received += len(data)
        if len(data) < size:
            raise ConnectionError("the server closed the connection inside a body")
        return data

    def close(self) -> None:
        self._file.close()
        self._socket.close()
