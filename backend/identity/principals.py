"""Principals: the device that sends a request, and its rep. Their rows are read for every request."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.orm import Session

from backend.database.snapshot_reads import ReadConnection
from backend.identity.models import SEEN_EVERY, Device, Rep
from backend.identity.tokens import DeviceRevoked, TokenInvalid

PRINCIPAL_QUERY = (
    select(Device.rep, Device.version, Device.revoked_at, Device.last_seen_at, Rep.active, Rep.role)
    .join(Rep, Rep.id == Device.rep)
    .where(Device.id == bindparam("device"))
)
"""Selects the row that `check` checks, for the parameter `device`."""

LOCKING_QUERY = PRINCIPAL_QUERY.with_for_update(read=True, of=Device)
"""Does the same, and shares the device's row until the commit: what a device writes is committed before its
revocation is, or refused. SQLite has one writer at a time, and needs no lock."""


class Credential(Protocol):
    """What an access token or a signed link says: a device, its version when it was issued, and its rep."""

    @property
    def device(self) -> str: ...

    @property
    def version(self) -> int: ...

    @property
    def rep(self) -> str | None:
        """None in a link: the device alone decides."""


@dataclass(frozen=True)
class Principal:
    """A device and the rep it belongs to."""

    rep: str
    device: str
    last_seen_at: dt.datetime | None


def read(connection: ReadConnection, token: Credential) -> Principal:
    """Return the principal of *token* as the database has it now; raises what `check` raises."""
    return check(connection.execute(PRINCIPAL_QUERY, {"device": token.device}).one_or_none(), token)


def read_to_write(connection: ReadConnection, token: Credential) -> Principal:
    """Do as `read`, for a transaction that writes: no revocation commits before it ends."""
    return check(connection.execute(LOCKING_QUERY, {"device": token.device}).one_or_none(), token)


def check(row: Any, token: Credential) -> Principal:
    """Return the principal of *token*, given its *row* of `PRINCIPAL_QUERY` (None: there is none).

    Raises `DeviceRevoked` for a revoked device or a rep who is not active, and `TokenInvalid` if the
    device is unknown or has got a new version since the token was issued.
    """
    if row is None or token.rep not in (None, row.rep):
        raise TokenInvalid("its device is unknown")
    if row.revoked_at is not None or not row.active:
        raise DeviceRevoked(token.device)
    if row.version != token.version:
        raise TokenInvalid("its device has got a new version")
    return Principal(row.rep, token.device, row.last_seen_at)


def note_seen(session: Session, principal: Principal, now: dt.datetime) -> None:
    """Update when the device was last seen, at most once per `SEEN_EVERY`.

    Call it before the row is shared by `LOCKING_QUERY`: two transactions that share it cannot both change it.
    """
    if principal.last_seen_at is None or now - principal.last_seen_at >= SEEN_EVERY:
        # *principal* may have been read minutes ago, before a large body.
        is_due = or_(Device.last_seen_at.is_(None), Device.last_seen_at <= now - SEEN_EVERY)
        session.execute(
            update(Device)
            .where(Device.id == principal.device, is_due)
            .values(previously_seen_at=Device.last_seen_at, last_seen_at=now)
        )


def lock_device(session: Session, device: str) -> None:
    """Lock the device's row until the commit.

    Call this before the feed's lock is taken and before the row is shared by `LOCKING_QUERY`; otherwise two
    pushes could wait for each other.
    """
    session.execute(select(Device.id).where(Device.id == device).with_for_update())


def note_pushed(session: Session, device: str, position: int) -> None:
    """Record that the device's push is at or below *position* of the feed; its row is locked already."""
    session.execute(update(Device).where(Device.id == device).values(pushed_position=position))
