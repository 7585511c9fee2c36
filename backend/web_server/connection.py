"""One connection of the web server: what it waits for, since when, and what has arrived.

It reads a request completely (head and body) before a thread gets it, and neither reads nor waits beyond that.
"""

import re
import socket
import time
from enum import Enum, auto
from typing import Any

from gunicorn.http.body import ChunkedReader, LengthReader
from gunicorn.http.errors import InvalidChunkSize, InvalidHeader, LimitRequestHeaders
from gunicorn.http.parser import RequestParser

from backend.api.request_head import is_host
from backend.web_server.chunks import ChunkScanner, ChunksMalformed
from backend.web_server.pace import Pace
from backend.web_server.received import Received
from backend.web_server.reply import Reply

MAX_HEAD = 32 * 1024
"""Largest head in bytes: a request line of 8 KiB, and headers."""
RECEIVE_STEP = 64 * 1024
_BARE_LINE_FEED = re.compile(rb"(?<!\r)\n")


class Waits(Enum):
    """What a connection waits for."""

    HEAD = auto()
    BODY = auto()
    THREAD = auto()
    """A thread works on the request, or will."""
    READER = auto()
    """The client has to read the reply."""
    NEXT = auto()
    """Another request may follow."""
    CLOSE = auto()
    """The client has to close: it gets the reply for certain if we do not close first."""


class BodyTooLarge(Exception):
    """The body has more bytes than any route takes."""


class Connection:
    """A client's connection. Raises gunicorn's errors about a head, `BodyTooLarge`, and errors about chunks."""

    def __init__(self, cfg: Any, connected: socket.socket, client: Any, server: Any, pace: Pace) -> None:
        connected.setblocking(False)
        # What the worker's `handle_request` uses: it writes to `sock`.
        self.socket, self.client, self.server = connected, client, server
        self.sock = self.reply = Reply(connected)
        self.received = Received()
        self.parser = RequestParser(cfg, (), client)
        self.parser.unreader = self.received
        self.pace = pace
        self.waits = Waits.HEAD
        self.request: Any = None
        self.ended = False
        """The client will send nothing more."""
        self.events = 0
        """What the poller watches the socket for."""
        self.must_close = False
        self.held = 0
        """Bytes of memory that count towards the worker's limit."""
        self.confirmed = 0
        """Bytes that the client had confirmed when the wait for its reading began."""
        self._searched = 0
        self._body_bytes = 0
        self._scanner: ChunkScanner | None = None
        self.began = time.monotonic()
        self.deadline = pace.deadline(self.began, 0)

    @property
    def address(self) -> str:
        """The address of the client; the same for all that come by a Unix socket."""
        return str(self.client[0]) if isinstance(self.client, tuple) and self.client else ""

    def wait_for(self, waits: Waits, seconds: float | None = None) -> None:
        """Wait for something else from now on: for *seconds*, or as long as the pace allows."""
        self.waits, self.began = waits, time.monotonic()
        self.deadline = self.began + seconds if seconds is not None else self.pace.deadline(self.began, 0)

    def grant_time(self) -> None:
        """Extend the deadline by the time that the bytes of this transfer give."""
        if self.waits is Waits.READER:
            self.deadline = self.pace.deadline(self.began, self.reply.confirmed_bytes() - self.confirmed)
        elif self.waits in (Waits.HEAD, Waits.BODY):
            self.deadline = self.pace.deadline(self.began, len(self.received))

    def receive(self) -> int:
        """Take what has arrived; return its bytes, 0 at the end. Raises BlockingIOError and OSError."""
        piece = self.socket.recv(RECEIVE_STEP)
        self.ended = not piece
        self.received.feed(piece)
        if self.waits is Waits.BODY:
            self._scan(piece)
        return len(piece)

    def head_complete(self) -> bool:
        """Return whether the head has arrived, or so much that is wrong that the parser can say so."""
        data = self.received.data
        if data.find(b"\r\n\r\n", self._searched) >= 0:
            self._searched = 0
            return True
        if len(data) > MAX_HEAD:
            raise LimitRequestHeaders(f"the head has more than {MAX_HEAD} bytes")
        wrong = _BARE_LINE_FEED.search(data, self._searched) is not None
        too_long = len(data) > self.parser.cfg.limit_request_line + 2 and b"\r\n" not in data
        self._searched = max(0, len(data) - 3)
        return wrong or too_long

    def parse_head(self) -> bool:
        """Parse the head, and begin with the body; return whether all of the request is there."""
        self.request = next(self.parser)
        self._require_host()
        reader = self.request.body.reader
        self._scanner, self._body_bytes = None, 0
        if isinstance(reader, LengthReader):
            self._body_bytes = reader.length
            if reader.length > self.pace.body_bytes:
                raise BodyTooLarge
        elif isinstance(reader, ChunkedReader):
            self._scanner = ChunkScanner()
            self._scan(bytes(self.received.data))
        expects, self.request._expected_100_continue = self.request._expected_100_continue, False
        if self.body_complete():
            return True
        if expects:
            self.reply.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.reply.flush()
            self.reply.begin()
        return False

    def _require_host(self) -> None:
        """Raise `InvalidHeader` unless the head has one valid Host; HTTP/1.0 needs none (RFC 9112, 3.2)."""
        hosts = [value for name, value in self.request.headers if name == "HOST"]
        if not (hosts or self.request.version < (1, 1)) or not all(map(is_host, hosts)):
            raise InvalidHeader("HOST")

    def body_complete(self) -> bool:
        """Return whether the body has arrived."""
        if self._scanner is not None:
            return self._scanner.complete
        return len(self.received) >= self._body_bytes

    def _scan(self, piece: bytes) -> None:
        if self._scanner is None:
            return
        try:
            self._scanner.feed(piece)
        except ChunksMalformed as error:
            raise InvalidChunkSize(str(error).encode()) from None
        if self._scanner.data_bytes > self.pace.body_bytes:
            raise BodyTooLarge

    def next_request(self) -> bool:
        """Forget the request that was answered; return whether the connection can carry another one."""
        self.request, self._scanner, self._body_bytes, self._searched = None, None, 0, 0
        self.reply.begin()
        return not self.must_close and not self.reply.broken
