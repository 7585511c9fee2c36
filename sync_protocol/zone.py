"""Time zones by their IANA name, as a document names the one in which it was captured."""

import datetime as dt
from zoneinfo import ZoneInfo


def zone_info(name: str) -> dt.tzinfo:
    """Return the time zone *name*; UTC if this machine does not know it."""
    return _zone(name) or dt.UTC


def is_known(name: str) -> bool:
    """Say whether this machine knows the time zone *name*."""
    return _zone(name) is not None


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    # A name that is no path raises ValueError, an unknown one KeyError, a folder or an unreadable file OSError.
    except (ValueError, KeyError, OSError):
        return None


def date_in(zone: str, moment: dt.datetime) -> dt.date:
    """Return the date of *moment* in *zone*. Near the years 1 and 9999 the date is that in UTC."""
    try:
        return moment.astimezone(zone_info(zone)).date()
    except OverflowError:
        return moment.date()
