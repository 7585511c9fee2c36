"""Enrolment: a phone becomes a rep's device by means of a one-time code from the office."""

import datetime as dt
import secrets
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from ulid import ULID

from backend.identity import audit, device_keys, enrolment_codes, names
from backend.identity.models import Device, EnrolmentCode, Rep

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32, without letters that can be mistaken for digits or other letters."""
SYMBOLS = 15
"""75 random bits, which cannot be guessed at any rate."""
LIFE = dt.timedelta(minutes=10)
"""How long a code is valid, unless the caller knows better."""


class CodeInvalid(Exception):
    """The code is unknown, used, withdrawn or expired, or its rep is not active; nobody is told which."""


def create(
    session: Session,
    rep_id: str,
    now: dt.datetime,
    life: dt.timedelta = LIFE,
    *,
    renews: str | None = None,
    actor: str = "worker",
) -> str:
    """Return a new code for *rep_id*, such as `7KQ2M-X9D4T-0HB6R`, to be shown once. Only its hash is stored.

    With *renews*, the id of a device of the rep, the phone that enrols is that device again.
    Raises ValueError if there is no active rep of that id, or no such device of the rep that is not revoked.
    """
    rep = session.get(Rep, rep_id)
    if rep is None or not rep.active:
        raise ValueError(f"there is no active rep {rep_id!r}")
    if renews is not None:
        device = session.get(Device, renews)
        if device is None or device.rep != rep_id:
            raise ValueError(f"rep {rep_id!r} has no device {renews!r}")
        if device.revoked_at is not None:
            raise ValueError(f"device {renews!r} is revoked and wipes itself; make a code for a new device")
    symbols = "".join(secrets.choice(ALPHABET) for _ in range(SYMBOLS))
    entry = EnrolmentCode(
        code_hash=enrolment_codes.hash_of(symbols),
        rep=rep_id,
        created_at=now,
        created_by=actor,
        expires_at=now + life,
        renews=renews,
    )
    session.add(entry)
    detail = {"code": enrolment_codes.reference(entry), "minutes": life.total_seconds() / 60}
    audit.record(session, actor=actor, action="enrolment.code", subject=rep_id, now=now, detail=detail)
    return "-".join(symbols[start : start + 5] for start in range(0, SYMBOLS, 5))


def redeem(
    session: Session, *, code: str, public_key: Any, device_name: str, app_version: str | None, now: dt.datetime
) -> Device:
    """Return the device that *code* enrols with *public_key* (a JWK).

    A code is valid for one device. The same code with the same key returns that device again until the code
    expires, because the reply may have been lost. The caller has checked that the key signed the request.
    Raises `CodeInvalid` and `device_keys.KeyRefused`.
    """
    key = device_keys.normalised(public_key)
    entry = session.scalars(
        select(EnrolmentCode)
        .where(EnrolmentCode.code_hash == enrolment_codes.hash_of(code))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if entry is None or entry.expires_at <= now or entry.withdrawn_at is not None:
        raise CodeInvalid
    rep = session.get(Rep, entry.rep)
    if rep is None or not rep.active:
        raise CodeInvalid
    if entry.used_at is not None:
        device = session.get(Device, entry.device)
        if device is None or device.revoked_at is not None or device.public_key != key:
            raise CodeInvalid
        # A family that has ended stays so: only a new code begins another one.
        if device.reuse_noticed_at is not None:
            raise CodeInvalid
        return device
    device = _renewed(session, entry) if entry.renews is not None else Device(id=str(ULID()), rep=entry.rep)
    is_new = entry.renews is None
    device.name, device.public_key = names.sent_device_name(device_name), key
    device.app_version = names.sent_app_version(app_version)
    device.refresh_generation, device.reuse_noticed_at = 1, None
    device.family_began_at = device.refreshed_at = now
    device.previously_seen_at, device.last_seen_at = device.last_seen_at, now
    if is_new:
        device.version = device.refresh_family = 1
        device.enrolled_at = now
        session.add(device)
    else:
        # Tokens of the earlier enrolment are refused from now on, whoever has them.
        device.version += 1
        device.refresh_family += 1
    entry.used_at = now
    entry.device = device.id
    audit.record(
        session,
        actor=f"device:{device.id}",
        action="device.enrolled" if is_new else "device.enrolled_again",
        subject=entry.rep,
        now=now,
        detail={"name": device.name, "code": enrolment_codes.reference(entry)},
    )
    return device


def _renewed(session: Session, entry: EnrolmentCode) -> Device:
    """Return the device that *entry* enrols again, locked; raises `CodeInvalid` if it was revoked since."""
    device = session.get(Device, entry.renews, with_for_update=True, populate_existing=True)
    if device is None or device.rep != entry.rep or device.revoked_at is not None:
        raise CodeInvalid
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
