"""The refresh token: device, family and generation, with an HMAC that binds them to the device's key.

It is computed, not stored. A family begins with an enrolment and ends after `FamilyLife`, or when a replaced
token is used again. Each use of the current generation starts the next one.
"""

import datetime as dt
import hmac
import json
import re
from dataclasses import dataclass

from backend.identity.authenticators import is_one_of
from sync_protocol import base64url

_TEXT = re.compile(r"sr2\.([0-9A-Z]{1,40})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.([A-Za-z0-9_-]{43})")


@dataclass(frozen=True)
class FamilyLife:
    """How long a device stays enrolled: *days* in all, and *idle_days* since its last refresh."""

    days: int = 90
    idle_days: int = 30

    def ends_at(self, began_at: dt.datetime, refreshed_at: dt.datetime) -> dt.datetime:
        """Return when a family ends that began at *began_at* and was last refreshed at *refreshed_at*."""
        return min(began_at + dt.timedelta(days=self.days), refreshed_at + dt.timedelta(days=self.idle_days))


DEFAULT_LIFE = FamilyLife()


@dataclass(frozen=True)
class RefreshToken:
    """What a refresh token says."""

    device: str
    family: int
    generation: int

    def text(self, secret: bytes, thumbprint: str) -> str:
        """Return the token for the device whose key has *thumbprint* (RFC 7638)."""
        authenticator = self._authenticator(secret, thumbprint)
        return f"sr2.{self.device}.{self.family}.{self.generation}.{authenticator}"

    def _authenticator(self, secret: bytes, thumbprint: str) -> str:
        message = json.dumps(["satchel refresh 2", self.device, self.family, self.generation, thumbprint])
        return base64url.encode(hmac.digest(secret, message.encode(), "sha256"))

    def is_authenticated(self, authenticator: str, secrets: list[bytes], thumbprint: str) -> bool:
        """Say whether *authenticator* was made with one of *secrets* for the key with *thumbprint*."""
        return is_one_of(authenticator, [self._authenticator(secret, thumbprint) for secret in secrets])


def parse(text: str, secrets: list[bytes], thumbprint: str) -> RefreshToken | None:
    """Return what *text* says; None if it is no refresh token of this server for the key with *thumbprint*."""
    match = _TEXT.fullmatch(text)
    if match is None:
        return None
    token = RefreshToken(match[1], int(match[2]), int(match[3]))
    return token if token.is_authenticated(match[4], secrets, thumbprint) else None
