"""What `satchel doctor` says of alerts: who is told, and which may not have been received."""

from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.cli.doctor.finding import BAD, GOOD, WARN, Finding
from backend.delivery.alerts.notifiers import configured_notifiers
from backend.delivery.alerts.rule import configured_rule
from backend.delivery.models import Alert
from backend.settings import SettingError, Settings


def examine_alerts(settings: Settings, session: Session) -> Iterator[Finding]:
    """Yield what is to be said of alerts under *settings*."""
    try:
        names = [channel.name for channel in configured_notifiers(settings)]
        configured_rule(settings)
    except SettingError as error:
        yield Finding(BAD, "alerts", str(error), "correct the variable")
        return
    if names == ["log"]:
        words = "what waits too long is written to the log, and nobody is told"
        yield Finding(WARN, "alerts", words, "set SATCHEL_SMTP_HOST or SATCHEL_WEBHOOK_URL")
    else:
        yield Finding(GOOD, "alerts", f"by {' and '.join(names)}")
    lost = select(func.count()).where(Alert.state.in_(("failed", "unclear")))
    count = session.scalar(lost) or 0
    if count:
        newest = session.scalar(select(Alert.error).where(Alert.error.is_not(None)).order_by(Alert.id.desc()))
        words = f"{count} may not have been received; the last one: {newest}"
        yield Finding(WARN, "alerts", words, "`satchel parked list` shows what waits")
