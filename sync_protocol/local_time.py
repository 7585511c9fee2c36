"""Times for people: to the minute, in a named zone, with the zone behind them.

Every time that a person reads passes through `local_time`, so that nobody has to guess whose clock is meant. A
server writes UTC; a device writes the time of its rep.
"""

import datetime as dt

from sync_protocol.zone import zone_info

UTC = "UTC"


def local_time(moment: dt.datetime | str, zone: str = UTC, *, timespec: str = "minutes") -> str:
    """Return *moment* in *zone*, an IANA name: `2026-11-23 09:43 CET`.

    Args:
        moment: An aware time, or one as the wire writes it (ISO 8601 with its offset).
        zone: The zone of the reader.
        timespec: As of `datetime.isoformat`: `minutes`, `seconds` or `milliseconds`.
    """
    if isinstance(moment, str):
        moment = dt.datetime.fromisoformat(moment)
    local = moment.astimezone(zone_info(zone))
    return f"{local.replace(tzinfo=None).isoformat(' ', timespec)} {local:%Z}"
