"""Time, passed in wherever it matters, so that a test can hold six hours in its hand."""

import datetime as dt
from typing import Protocol


class Clock(Protocol):
    """Something that knows the time."""

    def now(self) -> dt.datetime:
        """Return the moment, aware, in UTC."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)


class ManualClock:
    """A clock that moves when told to."""

    def __init__(self, start: dt.datetime) -> None:
        self._now = start

    def now(self) -> dt.datetime:
        return self._now

    def advance(self, **delta: float) -> None:
        """Move on by the given `timedelta` arguments: `clock.advance(hours=6)`."""
        self._now += dt.timedelta(**delta)


def instant(moment: dt.datetime) -> str:
    """Return *moment* as the wire writes it: UTC, `2026-11-23T08:43:13.457591Z`."""
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
