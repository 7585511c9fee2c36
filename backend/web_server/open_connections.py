"""The open connections of a web process, and which gives way when there are too many or they hold too much."""

from collections import Counter
from collections.abc import Iterator

from backend.web_server.connection import Connection, Waits
from backend.web_server.pace import Pace


class OpenConnections:
    """A set of connections; used by the main thread only."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._open: dict[Connection, None] = {}
        self.held = 0
        """Bytes of memory held for slow clients: bodies that have not arrived, replies that were not read."""

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[Connection]:
        return iter(list(self._open))

    def add(self, conn: Connection) -> None:
        """Add a new connection."""
        self._open[conn] = None

    def remove(self, conn: Connection) -> None:
        """Remove a connection that is closed."""
        self.hold(conn, 0)
        self._open.pop(conn, None)

    def hold(self, conn: Connection, memory_bytes: int) -> None:
        """Note that *conn* makes us hold so many bytes."""
        self.held += memory_bytes - conn.held
        conn.held = memory_bytes

    def overdue(self, now: float) -> list[Connection]:
        """Return the connections whose client has had its time."""
        return [conn for conn in self._open if conn.deadline <= now]

    def to_close(self) -> Connection | None:
        """Return the connection that gives way to a new one; None if a thread works for each of them.

        It is one of the address that has most of them, and of those the one that waits for its client longest:
        so no address can take all, and while there is room none is refused.
        """
        waiting = [conn for conn in self._open if conn.waits is not Waits.THREAD]
        if not waiting:
            return None
        per_address = Counter(conn.address for conn in waiting)
        return min(waiting, key=lambda conn: (-per_address[conn.address], conn.began))

    def to_release(self) -> Connection | None:
        """Return the connection that holds memory and waits for its client longest; None if there is none."""
        holding = [conn for conn in self._open if conn.held and conn.waits in (Waits.BODY, Waits.READER)]
        return min(holding, key=lambda conn: conn.began, default=None)
