"""What has arrived on a connection and is not read yet: gunicorn's parser reads from here, not from the socket.

So the parser cannot wait for a client, whatever thread it runs in.
"""

from gunicorn.http.unreader import Unreader

STEP = 8192
MAX_STEP = 2**20


class Received(Unreader):
    """An `Unreader` over bytes in memory. At their end it acts as if the client had closed the connection."""

    def __init__(self) -> None:
        super().__init__()
        self.data = bytearray()

    def __len__(self) -> int:
        return len(self.data)

    def feed(self, piece: bytes) -> None:
        """Append a *piece* that has arrived."""
        self.data += piece

    def read(self, size: int | None = None, read_ahead: int | None = None) -> bytes:
        """Return *size* bytes, or fewer at the end; without a size a step, as from a socket.

        A step is short because the parser of chunks copies what it has not used, chunk by chunk.
        """
        if size is None or size < 0:
            size = max(STEP, min(read_ahead or 0, MAX_STEP))
        taken = bytes(self.data[:size])
        del self.data[:size]
        return taken

    def unread(self, data: bytes) -> None:
        """Put *data* back in front."""
        self.data[:0] = data

    def take_buffered(self) -> bytes:
        """Return everything."""
        return self.read(len(self.data))

    def chunk(self, size_hint: int | None = None) -> bytes:
        """Return nothing: what has not arrived is never waited for."""
        return b""
