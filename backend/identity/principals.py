"""Principals: the device that sends a request, and its rep. Their rows are read for every request."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from backend.database.snapshot_reads import ReadConnection
from backend.identity.models import Device, Rep
from backend.identity.tokens import Claims, DeviceRevoked, TokenInvalid

SEEN_EVERY = dt.timedelta(minutes=5)
"""Minimum time between two updates of `Device.last_seen_at`."""

PRINCIPAL_QUERY = (
    select(Device.rep, Device.version, Device.revoked_at, Device.last_seen_at, Rep.active, Rep.role)
    .join(Rep, Rep.id == Device.rep)
    .where(Device.id == bindparam("device"))
)
"""Selects the row that `check` checks, for the parameter `device`."""


@dataclass(frozen=True)
class Principal:
    """A device and the rep it belongs to."""

    rep: str
    device: str
    last_seen_at: dt.datetime | None


def read(connection: ReadConnection, claims: Claims) -> Principal:
    """Return the principal of *claims* as the database has it now; raises what `check` raises."""
    return check(connection.execute(PRINCIPAL_QUERY, {"device": claims.device}).one_or_none(), claims)


def check(row: Any, claims: Claims) -> Principal:
    """Return the principal of *claims*, given its *row* of `PRINCIPAL_QUERY` (None: there is none).

    Raises `DeviceRevoked` for a revoked device or a rep who is not active, and `TokenInvalid` if the
    device is unknown or has got a new version since the token was issued.
    """
    if row is None or row.rep != claims.rep:
        raise TokenInvalid("its device is unknown")
    if row.revoked_at is not None or not row.active:
        raise DeviceRevoked
    if row.version != claims.version:
        raise TokenInvalid("its device has got a new version")
    return Principal(row.rep, claims.device, row.last_seen_at)


def note_seen(session: Session, principal: Principal, now: dt.datetime) -> None:
    """Update when the device was last seen, at most once per `SEEN_EVERY`."""
    if principal.last_seen_at is None or now - principal.last_seen_at >= SEEN_EVERY:
        session.execute(update(Device).where(Device.id == principal.device).values(last_seen_at=now))


def lock_device(session: Session, device: str) -> None:
    """Lock the device's row until the commit.

    Call this before the feed's lock is taken; otherwise two pushes could wait for each other.
    """
    session.execute(select(Device.id).where(Device.id == device).with_for_update())


def note_pushed(session: Session, device: str, position: int) -> None:
    """Record that the device's push is at or below *position* of the feed; its row is locked already."""
    session.execute(update(Device).where(Device.id == device).values(pushed_position=position))
