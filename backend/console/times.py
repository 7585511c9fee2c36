"""Times as people read them: in the company's time zone and the language of the page.

Separate from `rendering`, because templates call it.
"""

import datetime as dt
from dataclasses import dataclass

from babel.dates import format_datetime, format_timedelta

from sync_protocol.zone import zone_info

LOCALES = {"en": "en_GB", "zh": "zh_Hans_CN"}


@dataclass(frozen=True)
class Times:
    """Formats times for one page, which was made at *now*."""

    language: str
    zone: str
    now: dt.datetime

    def at(self, moment: dt.datetime) -> str:
        """Return day and time to the minute."""
        return format_datetime(moment, "yyyy-MM-dd HH:mm", zone_info(self.zone), LOCALES[self.language])

    def exactly(self, moment: dt.datetime) -> str:
        """Return day and time to the second."""
        return format_datetime(moment, "yyyy-MM-dd HH:mm:ss", zone_info(self.zone), LOCALES[self.language])

    def ago(self, moment: dt.datetime) -> str:
        """Return how long ago *moment* was, in its largest unit."""
        return format_timedelta(max(self.now - moment, dt.timedelta()), locale=LOCALES[self.language])

    def iso(self, moment: dt.datetime) -> str:
        """Return *moment* for the attribute `datetime`."""
        return moment.astimezone(dt.UTC).isoformat(timespec="seconds")
