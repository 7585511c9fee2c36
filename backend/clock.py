"""The clock, passed as an argument wherever time matters, so that tests can control it."""

import datetime as dt
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> dt.datetime:
        """Return the current time, aware, in UTC."""


class SystemClock:
    """The clock of the operating system."""

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)


class ManualClock:
    """A clock for tests, which moves only by `advance`."""

    def __init__(self, start: dt.datetime) -> None:
        self._now = start

    def now(self) -> dt.datetime:
        return self._now

    def advance(self, **delta: float) -> None:
        """Move forward by the arguments of a `timedelta`: `clock.advance(hours=6)`."""
        self._now += dt.timedelta(**delta)


def instant(moment: dt.datetime) -> str:
    """Return *moment* in the format of the wire (RFC 3339, UTC): `2026-11-23T08:43:13.457591Z`."""
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
