"""Access tokens: short-lived JWTs (RFC 7519, RFC 9068), signed by this installation, for every request.

`issue` returns an access token with the refresh token that replaces it later (`refresh`).
"""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

import jwt
from ulid import ULID

from backend.identity import device_keys, refresh_tokens
from backend.identity.key_ring import KeyRing
from backend.identity.models import Device
from sync_protocol.limits import LIMITS

AUDIENCE = "satchel:v1"
TYPE = "at+jwt"
ALGORITHM = "EdDSA"
LEEWAY_SECONDS = 60
MAX_TOKEN = 4000
"""Characters, as in `TokenReplySchema`."""
REQUIRED = ["iss", "aud", "exp", "iat", "sub", "jti", "did", "dver"]

_HEADER = {"alg", "kid", "typ"}
"""The members that our tokens have. One with others (`jwk`, `jku`, `x5u`, `crit`, …) is not ours."""
_KID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class TokenInvalid(Exception):
    """The access token was not issued by this server, or is no longer valid; the message is for the log."""


class TokenExpired(Exception):
    """The access token has expired."""


class DeviceRevoked(Exception):
    """The device was revoked, or its rep is not active any more; it must be told to wipe itself."""

    def __init__(self, device: str) -> None:
        super().__init__(device)
        self.device = device


@dataclass(frozen=True)
class AccessToken:
    """A verified access token: rep, device, and the device's version when it was issued.

    *issued* and *expires* are in seconds since 1970; *kid* names the key that signed it.
    """

    rep: str
    device: str
    version: int
    issued: int
    expires: int
    kid: str


@dataclass(frozen=True)
class Issued:
    """A pair of tokens; *expires_in* is the access token's life in seconds, *refresh_expires_in* the
    other's."""

    access_token: str
    expires_in: int
    refresh_token: str
    refresh_expires_in: int

    def as_wire(self) -> dict[str, str | int]:
        """Return the pair as in the replies of /v1/enrol and /v1/token (`TokenReplySchema`)."""
        return {
            "access_token": self.access_token,
            "expires_in": self.expires_in,
            "refresh_token": self.refresh_token,
            "refresh_expires_in": self.refresh_expires_in,
        }


def issue(
    keys: KeyRing,
    issuer: str,
    device: Device,
    now: dt.datetime,
    life: refresh_tokens.FamilyLife = refresh_tokens.DEFAULT_LIFE,
) -> Issued:
    """Return tokens for *device*, with its current version, refresh family and generation."""
    at = int(now.timestamp())
    payload = {
        "iss": issuer,
        "aud": AUDIENCE,
        "iat": at,
        "exp": at + LIMITS.access_token_seconds,
        "sub": device.rep,
        "jti": str(ULID.from_datetime(now)),
        "did": device.id,
        "dver": device.version,
    }
    kid, private = keys.signing(now)
    access = jwt.encode(payload, private, algorithm=ALGORITHM, headers={"kid": kid, "typ": TYPE})
    refresh_token = refresh_tokens.RefreshToken(
        device.id, device.refresh_family, device.refresh_generation
    ).text(keys.secrets(now)[0], device_keys.thumbprint(device.public_key))
    left = life.ends_at(device.family_began_at, now) - now
    return Issued(access, LIMITS.access_token_seconds, refresh_token, max(0, int(left.total_seconds())))


def verify(keys: KeyRing, issuer: str, token: str, now: dt.datetime) -> AccessToken:
    """Return the access token *token*, verified and parsed; raises `TokenInvalid` or `TokenExpired`.

    `kid` selects among the installation's own keys. The algorithm is that of the key, never the header's.
    """
    if len(token) > MAX_TOKEN:
        raise TokenInvalid("it is too long")
    try:
        header = jwt.get_unverified_header(token)
        kid = header.get("kid")
        if set(header) != _HEADER or header["typ"] != TYPE or header["alg"] != ALGORITHM:
            raise TokenInvalid("it is not an access token of this server")
        if not isinstance(kid, str) or not _KID.fullmatch(kid):
            raise TokenInvalid("its kid is malformed")
        key = keys.verifying(kid, now)
        if key is None:
            raise TokenInvalid("it is signed with an unknown or retired key")
        payload = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=issuer,
            # `check_time` compares the times, with the clock of this installation.
            options={"require": REQUIRED, "strict_aud": True, "verify_exp": False, "verify_iat": False},
        )
    except (jwt.InvalidTokenError, ValueError, RecursionError) as error:
        raise TokenInvalid(str(error)) from None
    if not (_integer(payload["exp"]) and _integer(payload["iat"]) and _integer(payload["dver"])):
        raise TokenInvalid("exp, iat and dver must be integers")
    if not all(isinstance(payload[name], str) for name in ("sub", "did", "jti")):
        raise TokenInvalid("sub, did and jti must be text")
    verified = AccessToken(payload["sub"], payload["did"], payload["dver"], payload["iat"], payload["exp"], kid)
    check_time(verified, now)
    return verified


def check_time(token: AccessToken, now: dt.datetime) -> None:
    """Raise `TokenExpired` if *token* has expired at *now*, `TokenInvalid` if it is from the future."""
    at = now.timestamp()
    if token.expires + LEEWAY_SECONDS <= at:
        raise TokenExpired
    if token.issued - LEEWAY_SECONDS > at:
        raise TokenInvalid("it was issued in the future")


def _integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
