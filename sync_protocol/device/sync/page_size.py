"""How large a page to ask for: a line that breaks before a page is whole gets smaller ones.

A page that was cut is asked for anew from its beginning, so on a line that never carries a whole one nothing
would ever move. Segments go on where they were cut, and need none of this.
"""

from sync_protocol.device.errors import Damaged, DeviceError, Offline
from sync_protocol.limits import LIMITS


class PageSize:
    """Bytes to ask for in `limit_bytes`: *wanted* on a good line, None for what the server thinks right."""

    def __init__(self, wanted: int | None = None) -> None:
        self._wanted = wanted
        self._most = wanted or LIMITS.page_bytes
        self._now = self._most

    @property
    def limit(self) -> int | None:
        """What to ask for now; None: nothing in particular."""
        return self._wanted if self._now == self._most else self._now

    def stopped(self, error: DeviceError) -> None:
        """Halve if *error* says that the line broke before the answer was whole."""
        if isinstance(error, Damaged) or (isinstance(error, Offline) and error.sent):
            self._now = max(min(self._most, LIMITS.page_bytes_least), self._now // 2)

    def whole(self) -> None:
        """A page has come whole: the next may be twice as large."""
        self._now = min(self._most, self._now * 2)
