"""Refresh: exchange a refresh token and a proof by the device's key for new tokens.

Using the current generation starts the next one. Using the one before returns the current one again, so that a
lost reply does no harm: no time window is needed, because each use needs the device's key. An older generation
is a reuse. It ends the family, unless the proof was made before the last refresh: then the request was late on
its way, and the phone must ask again with a new proof.
"""

import datetime as dt
import logging

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import metrics
from backend.identity import audit, device_keys, refresh_tokens, tokens, used_proofs
from backend.identity.dpop import NonceRequired, Proof
from backend.identity.key_ring import KeyRing
from backend.identity.models import SEEN_EVERY, Device, Rep
from backend.identity.refresh_tokens import DEFAULT_LIFE, FamilyLife, RefreshToken

log = logging.getLogger(__name__)


class RefreshInvalid(Exception):
    """The refresh token is not valid, or no longer; the device must enrol again."""


def refresh(
    session: Session,
    keys: KeyRing,
    issuer: str,
    *,
    refresh_token: str,
    proof: Proof,
    now: dt.datetime,
    life: FamilyLife = DEFAULT_LIFE,
) -> tokens.Issued:
    """Return new tokens for *refresh_token*; *proof* is verified.

    Raises `RefreshInvalid`, `DeviceRevoked`, `NonceRequired`, `ProofInvalid` and `TooManyProofs`. Commit the
    session after `RefreshInvalid` too: the family may have ended, and the audit trail may have a new entry.
    """
    token = refresh_tokens.parse(refresh_token, keys.secrets(now), proof.thumbprint)
    if token is None:
        raise RefreshInvalid("this server did not issue the refresh token to this key, or long ago")
    device = session.scalars(
        select(Device)
        .where(Device.id == token.device)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if device is None:
        raise RefreshInvalid("the device no longer exists on this server")
    if device_keys.thumbprint(device.public_key) != proof.thumbprint:
        raise RefreshInvalid("the device has been enrolled again with another key")
    used_proofs.remember(session, proof, now)
    rep = session.get(Rep, device.rep)
    if device.revoked_at is not None or rep is None or not rep.active:
        raise tokens.DeviceRevoked(device.id)
    _check_family(session, device, token, proof, now, life)
    # A higher family or generation was issued before a backup of this database was restored.
    device.refresh_family = token.family
    device.refresh_generation = token.generation + 1
    device.refreshed_at = now
    if device.last_seen_at is None or now - device.last_seen_at >= SEEN_EVERY:
        device.previously_seen_at, device.last_seen_at = device.last_seen_at, now
    session.flush()
    return tokens.issue(keys, issuer, device, now, life)


def _check_family(
    session: Session,
    device: Device,
    token: RefreshToken,
    proof: Proof,
    now: dt.datetime,
    life: FamilyLife,
) -> None:
    """Raise `RefreshInvalid` unless *token* continues the family of *device*; `NonceRequired` if it is late."""
    if token.family < device.refresh_family:
        raise RefreshInvalid("the device has been enrolled again since")
    if device.reuse_noticed_at is not None:
        raise RefreshInvalid("a replaced refresh token was used again, so this enrolment has ended")
    if now >= device.family_began_at + dt.timedelta(days=life.days):
        raise RefreshInvalid(f"the device was enrolled {life.days} days ago; an enrolment lasts no longer")
    if now >= device.refreshed_at + dt.timedelta(days=life.idle_days):
        raise RefreshInvalid(f"the device was not used for {life.idle_days} days, so its enrolment has ended")
    if token.family == device.refresh_family and token.generation < device.refresh_generation - 1:
        if proof.nonce_time <= int(device.refreshed_at.timestamp()):
            raise NonceRequired("The refresh token was replaced while the request was on its way")
        _end_family(session, device, token, now)
        raise RefreshInvalid("the refresh token was replaced more than one generation ago")


def _end_family(session: Session, device: Device, token: RefreshToken, now: dt.datetime) -> None:
    """End the family of *device*: its refresh tokens and, by the version, its access tokens are refused."""
    device.reuse_noticed_at = now
    device.version += 1
    audit.record(
        session,
        actor=f"device:{device.id}",
        action="device.refresh_reused",
        subject=device.id,
        now=now,
        detail={
            "family": token.family,
            "generation": token.generation,
            "current": device.refresh_generation,
        },
    )
    metrics.REFRESH_REUSES.inc()
    log.warning("device %s used a replaced refresh token again; its enrolment has ended", device.id)
