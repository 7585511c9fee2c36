"""Alert rule: after how many hours an alert about a document is sent, by its owner or its class.

A file of its own: worker and doctor check the setting without sending anything.
"""

import datetime as dt
from dataclasses import dataclass

from backend.delivery.park_reasons import PARK_REASONS
from backend.settings import SettingError, Settings
from sync_protocol.office import OWNERS


@dataclass(frozen=True)
class AlertRule:
    """The waits after which an alert is sent, ascending, by owner or class. A class wins over an owner."""

    after: dict[str, tuple[dt.timedelta, ...]]

    def waits(self, owner: str, error_class: str) -> tuple[dt.timedelta, ...]:
        """Return the waits for a document of *owner* and *error_class*."""
        return self.after.get(error_class, self.after.get(owner, ()))


def configured_rule(settings: Settings) -> AlertRule:
    """Return the rule in SATCHEL_ALERT_AFTER; raises `SettingError`."""
    after: dict[str, tuple[dt.timedelta, ...]] = {}
    for word in settings.alert_after.split():
        name, _, hours = word.partition("=")
        try:
            waits = sorted({dt.timedelta(hours=float(part)) for part in hours.split(",")})
        except (ValueError, OverflowError):
            waits = []
        if name not in (*OWNERS, *PARK_REASONS) or not waits or waits[0] <= dt.timedelta(0):
            raise SettingError(
                f"SATCHEL_ALERT_AFTER: {word!r} is not owner=hours or class=hours; write office=4,24 it=1"
            )
        after[name] = tuple(waits)
    return AlertRule(after)
