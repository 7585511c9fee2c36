"""`satchel doctor` on alerts: who gets them, and which may not have arrived.

Each topic of the report has a file of its own.
"""

from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.cli.doctor.finding import ERROR, OK, WARNING, Finding
from backend.delivery.alerts.notifiers import configured_notifiers
from backend.delivery.alerts.rule import configured_rule
from backend.delivery.models import Alert
from backend.settings import SettingError, Settings


def examine_alerts(settings: Settings, session: Session) -> Iterator[Finding]:
    """Yield the findings about alerts under *settings*."""
    try:
        names = [notifier.name for notifier in configured_notifiers(settings)]
        configured_rule(settings)
    except SettingError as error:
        yield Finding(ERROR, "alerts", str(error), "correct the variable")
        return
    if names == ["log"]:
        message = "written to the log only: nobody gets a message about documents that wait too long"
        yield Finding(WARNING, "alerts", message, "set SATCHEL_SMTP_HOST or SATCHEL_WEBHOOK_URL")
    else:
        yield Finding(OK, "alerts", f"by {' and '.join(names)}")
    undelivered = select(func.count()).where(Alert.state.in_(("failed", "unknown")))
    count = session.scalar(undelivered) or 0
    if count:
        newest = session.scalar(select(Alert.error).where(Alert.error.is_not(None)).order_by(Alert.id.desc()))
        message = f"{count} may not have been received; newest error: {newest}"
        yield Finding(WARNING, "alerts", message, "`satchel parked list` shows what waits")
