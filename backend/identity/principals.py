"""Who is speaking: the device's row and its rep's, read for every request."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from backend.database.snapshot_reads import ReadConnection
from backend.identity.models import Device, Rep
from backend.identity.tokens import Claims, DeviceRevoked, TokenInvalid

SEEN_EVERY = dt.timedelta(minutes=5)

PRINCIPAL_QUERY = (
    select(Device.rep, Device.version, Device.revoked_at, Device.last_seen_at, Rep.active, Rep.role)
    .join(Rep, Rep.id == Device.rep)
    .where(Device.id == bindparam("device"))
)
"""Finds the row that `judge` judges."""


@dataclass(frozen=True)
class Principal:
    """A device and the rep it belongs to."""

    rep: str
    device: str
    last_seen_at: dt.datetime | None


def read(connection: ReadConnection, claims: Claims) -> Principal:
    """Return who *claims* speak for, as the database has it now; raises what `judge` raises."""
    return check(connection.execute(PRINCIPAL_QUERY, {"device": claims.device}).one_or_none(), claims)


def check(row: Any, claims: Claims) -> Principal:
    """Return who *claims* speak for by *row*, which `WHO` found (None: there is none).

    Raises `DeviceRevoked` for a revoked device or a rep who is not active, and `TokenInvalid` if the
    device is not known or has been given a new version since the token was issued.
    """
    if row is None or row.rep != claims.rep:
        raise TokenInvalid("its device is not known here")
    if row.revoked_at is not None or not row.active:
        raise DeviceRevoked
    if row.version != claims.version:
        raise TokenInvalid("its device has been given a new version")
    return Principal(row.rep, claims.device, row.last_seen_at)


def note_seen(session: Session, principal: Principal, now: dt.datetime) -> None:
    """Note that the device was here, at most every five minutes."""
    if principal.last_seen_at is None or now - principal.last_seen_at >= SEEN_EVERY:
        session.execute(update(Device).where(Device.id == principal.device).values(last_seen_at=now))


def lock_device(session: Session, device: str) -> None:
    """Hold the device's row until the commit. After the feed's lock, two pushes might wait for each other."""
    session.execute(select(Device.id).where(Device.id == device).with_for_update())


def note_pushed(session: Session, device: str, position: int) -> None:
    """Note that what the device pushed stands at or below *position* of the feed; its row is held already."""
    session.execute(update(Device).where(Device.id == device).values(pushed_position=position))
