"""`satchel doctor` on people and devices: names that break their rules, and wipes that were not confirmed.

Each topic of the report has a file of its own.
"""

from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.cli.doctor.finding import ERROR, OK, WARNING, Finding
from backend.identity.models import Device, Rep
from backend.identity.names import broken_names

SHOWN = 5


def examine_identity(session: Session) -> Iterator[Finding]:
    """Yield the findings about reps, devices, roles and office accounts."""
    broken = list(broken_names(session))
    for sentence in broken[:SHOWN]:
        advice = "add it again with a right name, and deactivate or revoke this one"
        yield Finding(ERROR, "names", sentence, advice)
    if len(broken) > SHOWN:
        yield Finding(ERROR, "names", f"{len(broken) - SHOWN} more names break their rules")
    reps = session.scalar(select(func.count()).select_from(Rep).where(Rep.active)) or 0
    unconfirmed = session.scalar(
        select(func.count()).where(Device.revoked_at.is_not(None), Device.wipe_confirmed_at.is_(None))
    )
    if unconfirmed:
        message = f"{reps} active reps; {unconfirmed} revoked devices have not confirmed their wipe"
        yield Finding(WARNING, "devices", message, "`satchel rep devices`; such a phone may still hold data")
    else:
        yield Finding(OK, "devices", f"{reps} active reps; every revoked device has confirmed its wipe")
