"""The watch of a web process: a thread that looks for late workers and collections once a minute.

It never affects requests.
"""

import logging
import threading
import time

from backend.clock import SystemClock
from backend.database import failures
from backend.database.core import make_sessions
from backend.delivery.alerts.notifiers import configured_notifiers
from backend.settings import SettingError, Settings
from backend.watchdog.alerts import send_late_alerts
from backend.watchdog.late import DEAD_SECONDS

log = logging.getLogger(__name__)
LOOK_SECONDS = 60.0


def start_watch(settings: Settings) -> None:
    """Start the thread. Call it in each web process, after the fork; never raises."""
    threading.Thread(target=_watch, args=(settings,), name="watch", daemon=True).start()


def _watch(settings: Settings) -> None:
    # A node that has just started gives its worker time to start too.
    time.sleep(DEAD_SECONDS)
    try:
        notifiers = configured_notifiers(settings)
    except SettingError as error:
        log.error("no alert will be sent if the worker dies: %s", error)
        return
    sessions, clock = make_sessions(settings.database_url), SystemClock()
    while True:
        try:
            send_late_alerts(sessions, notifiers, clock, settings)
        except Exception as error:
            if failures.is_unusable(error):
                log.warning("late workers cannot be looked for: %s", failures.reason(error))
            else:
                log.exception("late workers cannot be looked for")
        time.sleep(LOOK_SECONDS)
