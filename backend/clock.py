"""The clock, passed as an argument wherever time matters, so that tests can control it."""

import datetime as dt
from typing import Protocol

from sync_protocol.zone import date_in, zone_info


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


AHEAD = dt.timedelta(days=1)
"""A time from another clock that is further ahead than this is wrong, and never decides what is read next."""


def is_ahead(moment: dt.datetime, now: dt.datetime) -> bool:
    """Say whether *moment* is more than a day after *now*: then the clock that gave it is wrong, or ours is."""
    return moment - now > AHEAD


def instant(moment: dt.datetime) -> str:
    """Return *moment* in the format of the wire (RFC 3339, UTC): `2026-11-23T08:43:13.457591Z`."""
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def day_of(zone: str, now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """Return when the day of *now* in the time zone *zone* began and when it ends, in UTC.

    A day has 23 or 25 hours where the clocks change.
    """
    date, info = date_in(zone, now), zone_info(zone)
    began, ends = (
        dt.datetime.combine(day, dt.time.min, info).astimezone(dt.UTC)
        for day in (date, date + dt.timedelta(days=1))
    )
    return began, ends
