"""Tokens: a short-lived access token for every request, and a refresh token bound to the device's key.

The refresh token is computed, not stored: it is an HMAC over the device and a generation. Using the current
generation starts the next one; using the previous one returns the current one again, so that a lost reply
does no harm. Every use needs a signature by the device's key. So a stolen token is useless, and no time
window is needed to distinguish a lost reply from a theft.
"""

import datetime as dt
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any

import jwt
from sqlalchemy import select
from sqlalchemy.orm import Session
from ulid import ULID

from backend import metrics
from backend.identity import audit, device_keys
from backend.identity.keys import Keys
from backend.identity.models import Device, Rep
from sync_protocol import base64url
from sync_protocol.limits import LIMITS

AUDIENCE = "satchel:v1"
TYPE = "at+jwt"
LEEWAY_SECONDS = 60
REQUIRED = ["iss", "aud", "exp", "iat", "sub", "jti", "did", "dver"]


class TokenInvalid(Exception):
    """The access token was not issued by this server, or is no longer valid; the message is for the log."""


class TokenExpired(Exception):
    """The access token has expired."""


class RefreshInvalid(Exception):
    """The refresh token or its proof is not valid; the device must enrol again."""


class DeviceRevoked(Exception):
    """The device was revoked, or its rep is not active any more."""


@dataclass(frozen=True)
class Claims:
    """The JWT claims of an access token (RFC 7519): rep, device, and the device's version when it was issued.

    *issued* and *expires* are in seconds since 1970.
    """

    rep: str
    device: str
    version: int
    issued: int
    expires: int


@dataclass(frozen=True)
class Issued:
    """A pair of tokens; *expires_in* is the access token's life in seconds."""

    access_token: str
    expires_in: int
    refresh_token: str

    def as_wire(self) -> dict[str, str | int]:
        """Return the pair as in the replies of /v1/enrol and /v1/token (`TokenReplySchema`)."""
        return {
            "access_token": self.access_token,
            "expires_in": self.expires_in,
            "refresh_token": self.refresh_token,
        }


def issue(keys: Keys, issuer: str, device: Device, now: dt.datetime) -> Issued:
    """Return tokens for *device*, with its current version and refresh generation."""
    at = int(now.timestamp())
    claims = {
        "iss": issuer,
        "aud": AUDIENCE,
        "iat": at,
        "exp": at + LIMITS.access_token_seconds,
        "sub": device.rep,
        "jti": str(ULID.from_datetime(now)),
        "did": device.id,
        "dver": device.version,
    }
    access = jwt.encode(claims, keys.signing, algorithm="EdDSA", headers={"kid": keys.kid, "typ": TYPE})
    return Issued(
        access, LIMITS.access_token_seconds, _refresh_token(keys, device.id, device.refresh_generation)
    )


def verify(keys: Keys, issuer: str, token: str, now: dt.datetime) -> Claims:
    """Return the claims of the access token *token*; raises `TokenInvalid` or `TokenExpired`.

    Key and algorithm are fixed: the token's header is compared with them and never selects them.
    """
    try:
        header = jwt.get_unverified_header(token)
        if header.get("kid") != keys.kid or header.get("typ") != TYPE:
            raise TokenInvalid("it is signed with another key or is not an access token")
        claims = jwt.decode(
            token,
            keys.verifying,
            algorithms=["EdDSA"],
            audience=AUDIENCE,
            issuer=issuer,
            # `check_time` compares the times, with the clock of this installation.
            options={"require": REQUIRED, "strict_aud": True, "verify_exp": False, "verify_iat": False},
        )
    except (jwt.InvalidTokenError, ValueError, RecursionError) as error:
        raise TokenInvalid(str(error)) from None
    if not (_integer(claims["exp"]) and _integer(claims["iat"]) and _integer(claims["dver"])):
        raise TokenInvalid("exp, iat and dver must be integers")
    if not all(isinstance(claims[name], str) for name in ("sub", "did", "jti")):
        raise TokenInvalid("sub, did and jti must be text")
    verified = Claims(claims["sub"], claims["did"], claims["dver"], claims["iat"], claims["exp"])
    check_time(verified, now)
    return verified


def check_time(claims: Claims, now: dt.datetime) -> None:
    """Raise `TokenExpired` if *claims* have expired at *now*, `TokenInvalid` if they are from the future."""
    at = now.timestamp()
    if claims.expires + LEEWAY_SECONDS <= at:
        raise TokenExpired
    if claims.issued - LEEWAY_SECONDS > at:
        raise TokenInvalid("it was issued in the future")


def refresh(
    session: Session, keys: Keys, issuer: str, *, refresh_token: str, proof: str, now: dt.datetime
) -> Issued:
    """Return new tokens for *refresh_token*; *proof* is a JWS about it, signed by the device's key.

    Raises `RefreshInvalid` and `DeviceRevoked`. Commit the session after an exception too: the audit trail may
    have a new entry.
    """
    device_id, generation = _read_refresh_token(keys, refresh_token)
    device = session.scalars(
        select(Device).where(Device.id == device_id).with_for_update().execution_options(populate_existing=True)
    ).one_or_none()
    if device is None:
        raise RefreshInvalid("the device no longer exists on this server")
    _check_proof(device, issuer, refresh_token, proof)
    rep = session.get(Rep, device.rep)
    if device.revoked_at is not None or rep is None or not rep.active:
        raise DeviceRevoked
    if generation < device.refresh_generation - 1:
        audit.record(
            session,
            actor=f"device:{device.id}",
            action="device.old_refresh_token",
            subject=device.id,
            now=now,
            detail={"generation": generation, "current": device.refresh_generation},
        )
        metrics.REFRESH_REUSES.inc()
        raise RefreshInvalid("the refresh token was replaced more than one generation ago")
    # The current generation starts the next; the previous one returns the current one again. A higher
    # generation was issued before a backup of this database was restored.
    device.refresh_generation = generation + 1
    device.last_seen_at = now
    session.flush()
    return issue(keys, issuer, device, now)


def _check_proof(device: Device, issuer: str, refresh_token: str, proof: str) -> None:
    """Raise `RefreshInvalid` unless the device's key signed *proof* for this refresh token and server."""
    try:
        claims = device_keys.verify(device.public_key, proof)
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        raise RefreshInvalid("the proof is not signed by the device's key") from None
    expected = base64url.encode(hashlib.sha256(refresh_token.encode()).digest())
    if claims.get("aud") != issuer:
        raise RefreshInvalid(f"the proof must name {issuer} as its audience")
    if claims.get("rth") != expected:
        raise RefreshInvalid("the proof is for another refresh token")
    if not isinstance(claims.get("jti"), str) or not claims["jti"]:
        raise RefreshInvalid("the proof has no jti")


def _refresh_token(keys: Keys, device_id: str, generation: int) -> str:
    return f"sr1.{device_id}.{generation}.{_authenticator(keys, device_id, generation)}"


def _read_refresh_token(keys: Keys, token: str) -> tuple[str, int]:
    parts = token.split(".")
    if (
        len(parts) != 4
        or parts[0] != "sr1"
        or not (parts[2].isascii() and parts[2].isdigit())
        or len(parts[2]) > 9
    ):
        raise RefreshInvalid("this is not a refresh token")
    device_id, generation = parts[1], int(parts[2])
    # compare_digest accepts no text beyond ASCII, so compare bytes.
    if not hmac.compare_digest(_authenticator(keys, device_id, generation).encode(), parts[3].encode()):
        raise RefreshInvalid("the refresh token was not issued by this server")
    return device_id, generation


def _authenticator(keys: Keys, device_id: str, generation: int) -> str:
    message = json.dumps(["satchel refresh 1", device_id, generation]).encode()
    mac = hmac.new(keys.refresh_secret, message, hashlib.sha256).digest()
    return base64url.encode(mac)


def _integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
