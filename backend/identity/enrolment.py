"""Enrolment: a phone becomes a rep's device by means of a one-time code from the office."""

import datetime as dt
import hashlib
import secrets
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from ulid import ULID

from backend.identity import audit, device_keys
from backend.identity.models import Device, EnrolmentCode, Rep

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32, without letters that can be mistaken for digits or other letters."""
SYMBOLS = 15
"""75 random bits, which cannot be guessed at any rate."""
LIFE = dt.timedelta(hours=24)
"""How long a code is valid."""
_MISREAD = str.maketrans("OIL", "011", " -")


class CodeInvalid(Exception):
    """The code is unknown, used or expired, or its rep is not active. The sender does not learn which."""


def create(session: Session, rep_id: str, now: dt.datetime, life: dt.timedelta = LIFE) -> str:
    """Return a new code for *rep_id*, such as `7KQ2M-X9D4T-0HB6R`, to be shown once. Only its hash is stored.

    Raises ValueError if there is no active rep of that id.
    """
    rep = session.get(Rep, rep_id)
    if rep is None or not rep.active:
        raise ValueError(f"there is no active rep {rep_id!r}")
    symbols = "".join(secrets.choice(ALPHABET) for _ in range(SYMBOLS))
    session.add(EnrolmentCode(code_hash=_hash(symbols), rep=rep_id, expires_at=now + life))
    session.flush()
    return "-".join(symbols[start : start + 5] for start in range(0, SYMBOLS, 5))


def redeem(
    session: Session, *, code: str, public_key: Any, device_name: str, app_version: str | None, now: dt.datetime
) -> Device:
    """Return the device that *code* enrols with *public_key* (a JWK).

    A code is valid for one device. The same code with the same key returns that device again until the code
    expires, because the reply may have been lost. Raises `CodeInvalid` and `device_keys.KeyRefused`.
    """
    key = device_keys.normalised(public_key)
    entry = session.scalars(
        select(EnrolmentCode)
        .where(EnrolmentCode.code_hash == _hash(code.upper().translate(_MISREAD)))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if entry is None or entry.expires_at <= now:
        raise CodeInvalid
    rep = session.get(Rep, entry.rep)
    if rep is None or not rep.active:
        raise CodeInvalid
    if entry.used_at is not None:
        device = session.get(Device, entry.device)
        if device is None or device.revoked_at is not None or device.public_key != key:
            raise CodeInvalid
        return device
    device = Device(
        id=str(ULID()),
        rep=entry.rep,
        name=device_name,
        public_key=key,
        version=1,
        refresh_generation=1,
        enrolled_at=now,
        last_seen_at=now,
        app_version=app_version,
    )
    session.add(device)
    entry.used_at = now
    entry.device = device.id
    audit.record(
        session,
        actor=f"device:{device.id}",
        action="device.enrolled",
        subject=entry.rep,
        now=now,
        detail={"name": device_name},
    )
    return device


def revoke(session: Session, device: Device, *, actor: str, now: dt.datetime) -> bool:
    """Revoke *device*, whose next request then gets the order to wipe; return whether that is new."""
    session.refresh(device, with_for_update=True)
    if device.revoked_at is not None:
        return False
    device.revoked_at = now
    device.version += 1
    audit.record(session, actor=actor, action="device.revoked", subject=device.id, now=now)
    return True


def _hash(symbols: str) -> str:
    return hashlib.sha256(symbols.encode("utf-8", "replace")).hexdigest()
