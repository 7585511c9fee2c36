"""The page size to request: smaller after a connection broke before a page was complete.

A page that was cut is requested again from its beginning. On a connection that is too bad for a complete page,
no page would ever arrive. Segments continue where they were cut and need none of this.

Apart from the puller, because `Device` keeps one object over many syncs, and pushes change it too.
"""

from sync_protocol.device.errors import Damaged, DeviceError, Offline
from sync_protocol.limits import LIMITS


class PageSize:
    """The bytes to request in `limit_bytes`; *preferred* on a good connection (None: the server's default)."""

    def __init__(self, preferred: int | None = None) -> None:
        self._preferred = preferred
        self._most = preferred or LIMITS.page_bytes
        self._now = self._most

    @property
    def limit(self) -> int | None:
        """The size to request now; None: do not send `limit_bytes`."""
        return self._preferred if self._now == self._most else self._now

    def after_error(self, error: DeviceError) -> None:
        """Halve the size if *error* means that the connection broke before the reply was complete."""
        if isinstance(error, Damaged) or (isinstance(error, Offline) and error.sent):
            self._now = max(min(self._most, LIMITS.page_bytes_least), self._now // 2)

    def after_page(self) -> None:
        """Double the size after a complete page."""
        self._now = min(self._most, self._now * 2)
