"""The device's clock, corrected by the server's: phones with a clock that is years wrong are not rare.

Each reply tells the server's time. It is stored with this device's time, and with the seconds since the device
was started, which nobody can set. So the true time is known without a network until the device is restarted.
"""

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from sync_protocol.device.store.database import Database
from sync_protocol.local_time import local_time

TOLERATED = dt.timedelta(minutes=5)
"""A clock that is wrong by less is used as it is."""
CORRECTED_WITHIN = dt.timedelta(days=31)
"""A clock that was wrong, and shows a time this soon after the last reply, has been corrected by a person."""
LONGEST_SILENCE = dt.timedelta(days=366)
"""A clock that shows a later time than this after the last reply is not believed."""
STORED_EVERY = dt.timedelta(hours=1)
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Uptime:
    """Seconds since this device was started, and a name for that start."""

    seconds: float
    boot: str


def system_time() -> dt.datetime:
    """Return the time that this machine shows."""
    return dt.datetime.now(dt.UTC)


def system_uptime() -> Uptime | None:
    """Return the uptime of this machine, sleep included; None if it does not tell."""
    try:
        return Uptime(time.clock_gettime(time.CLOCK_BOOTTIME), _BOOT_ID.read_text().strip())
    except (AttributeError, OSError):
        return None


class DeviceClock:
    """The time for business dates and for `captured_at`.

    *wall* returns the time that the device shows, *uptime* its uptime or None.
    """

    def __init__(
        self, db: Database, wall: Callable[[], dt.datetime], uptime: Callable[[], Uptime | None]
    ) -> None:
        self._db = db
        self._wall = wall
        self._uptime = uptime

    def now(self) -> dt.datetime:
        """Return the time: that of the device's clock, unless the server has shown that it is wrong."""
        return self._corrected(self._wall())

    def _corrected(self, wall: dt.datetime) -> dt.datetime:
        true = self._true_time(wall)
        return wall if true is None or abs(wall - true) <= TOLERATED else true

    def warning(self) -> str | None:
        """Return a sentence for the rep if this device's clock is wrong, else None."""
        # One reading for both: a second one would differ by microseconds, and every right clock would be wrong.
        wall = self._wall()
        now = self._corrected(wall)
        if wall == now:
            return None
        return (
            f"This device's clock is wrong: it shows {_minute(wall)}, and by the server it is {_minute(now)}."
            " Correct it; until then dates are taken from the server."
        )

    def note_reply(self, value: Any, date: str) -> None:
        """Store the server's time from a reply: its JSON *value*, and its header `Date`, which may be empty."""
        server = _server_time(value) or _header_time(date)
        if server is None:
            return
        true = self._true_time(self._wall())
        row = self._db.row("SELECT server FROM clock")
        known = row is not None and abs(server.timestamp() - row["server"]) < STORED_EVERY.total_seconds()
        if known and true is not None and abs(server - true) <= dt.timedelta(minutes=1):
            return  # Each write costs the disk, and this one would tell nothing new.
        uptime = self._uptime() or Uptime(0.0, "")
        with self._db.writing():
            self._db.run("DELETE FROM clock")
            self._db.run(
                "INSERT INTO clock (one, server, device, running, boot) VALUES (1, ?, ?, ?, ?)",
                server.timestamp(), self._wall().timestamp(), uptime.seconds, uptime.boot,
            )  # fmt: skip

    def _true_time(self, wall: dt.datetime) -> dt.datetime | None:
        """Return the time by the server's last reply; None if there was none."""
        row = self._db.row("SELECT server, device, running, boot FROM clock")
        if row is None:
            return None
        server = dt.datetime.fromtimestamp(row["server"], dt.UTC)
        uptime = self._uptime()
        if uptime is not None and uptime.boot == row["boot"] and uptime.seconds >= row["running"]:
            return server + dt.timedelta(seconds=uptime.seconds - row["running"])
        if -TOLERATED <= wall - server <= CORRECTED_WITHIN:
            return wall
        # The device was started again. Its clock has moved on, even if it is wrong.
        moved = wall - dt.datetime.fromtimestamp(row["device"], dt.UTC)
        return server + moved if dt.timedelta(0) <= moved <= LONGEST_SILENCE else server


def _server_time(value: Any) -> dt.datetime | None:
    """Return `server_time` of a page, or of the page in the reply to a sync."""
    page = value.get("page", value) if isinstance(value, dict) else None
    text = page.get("server_time") if isinstance(page, dict) else None
    try:
        moment = dt.datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


def _header_time(date: str) -> dt.datetime | None:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _minute(moment: dt.datetime) -> str:
    return local_time(moment)
