"""A reply on its way to a client: what the socket does not take at once waits here, without a thread.

Gunicorn writes a reply to what it takes for a socket. This object is given to it instead.
"""

import contextlib
import fcntl
import os
import socket
import sys
import termios
from collections import deque
from typing import IO, NamedTuple

JOIN_BYTES = 64 * 1024
"""Writes are joined up to this size: head and body leave in one packet where they fit."""
FILE_STEP = 256 * 1024


class _FilePart(NamedTuple):
    descriptor: int
    offset: int
    length: int


class Reply:
    """Collects a reply and sends it as far as the socket takes it. Not thread-safe: one thread at a time."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._joined = bytearray()
        self._parts: deque[memoryview | _FilePart] = deque()
        self.broken = False
        """The connection broke, or the reply cannot be completed; nothing more is sent."""
        self.written = 0
        """Bytes of this reply, without those of files."""
        self._sent = 0
        """Bytes of all replies that the socket has taken."""

    @property
    def waiting_bytes(self) -> int:
        """Bytes in memory that wait for the client; a file's are not in memory."""
        return len(self._joined) + sum(len(part) for part in self._parts if isinstance(part, memoryview))

    @property
    def pending(self) -> bool:
        """Whether something waits for the client."""
        return bool(self._joined or self._parts) and not self.broken

    def sendall(self, data: bytes) -> None:
        """Send *data* after everything before it."""
        self.written += len(data)
        self._joined += data
        if len(self._joined) > JOIN_BYTES:
            self.flush()

    def send(self, data: bytes) -> int:
        """Send all of *data*."""
        self.sendall(data)
        return len(data)

    def sendfile(self, file: IO[bytes], offset: int = 0, count: int = 0) -> int:
        """Send *count* bytes of *file* from *offset*; the file may be closed meanwhile."""
        self._join()
        self._parts.append(_FilePart(os.dup(file.fileno()), offset, count))
        self.flush()
        return count

    def begin(self) -> None:
        """Begin another reply."""
        self.written = 0

    def confirmed_bytes(self) -> int:
        """Return how many bytes of all replies the client's machine has confirmed.

        The socket takes megabytes ahead of a slow reader, so what it has taken says nothing about the reader.
        """
        try:
            unconfirmed = fcntl.ioctl(self._socket.fileno(), termios.TIOCOUTQ, bytes(4))
        except OSError:
            return self._sent  # a system that does not tell it for sockets
        return self._sent - int.from_bytes(unconfirmed, sys.byteorder)

    def flush(self) -> None:
        """Send what the socket takes without waiting."""
        self._join()
        try:
            while self._parts and not self.broken:
                if not self._send_first():
                    return
        except BlockingIOError:
            return
        except OSError:
            self.discard()

    def discard(self) -> None:
        """Forget what was not sent; the client must not take the rest for complete."""
        self.broken = True
        self._joined.clear()
        while self._parts:
            part = self._parts.popleft()
            if isinstance(part, _FilePart):
                os.close(part.descriptor)

    # Gunicorn closes a socket this way when a reply fails after its head was sent.
    def shutdown(self, how: int) -> None:
        """End the connection after this reply."""
        self.flush()
        self.broken = True
        raise OSError("the connection ends when its worker has finished the request")

    def close(self) -> None:
        """Do nothing; the worker closes the socket."""

    def _join(self) -> None:
        if self._joined:
            self._parts.append(memoryview(bytes(self._joined)))
            self._joined.clear()

    def _send_first(self) -> bool:
        """Send from the first part; return whether all of it has left."""
        part = self._parts[0]
        if isinstance(part, _FilePart):
            step = min(part.length, FILE_STEP)
            sent = os.sendfile(self._socket.fileno(), part.descriptor, part.offset, step) if step else 0
            if step and not sent:
                raise OSError("the file is shorter than announced")
            self._sent += sent
            rest = _FilePart(part.descriptor, part.offset + sent, part.length - sent)
            if rest.length:
                self._parts[0] = rest
                return sent == step
            with contextlib.suppress(OSError):
                os.close(part.descriptor)
        else:
            sent = self._socket.send(part)
            self._sent += sent
            if sent < len(part):
                self._parts[0] = part[sent:]
                return False
        self._parts.popleft()
        return True
