"""Nonces for proofs (RFC 9449, section 8): the server's time with an HMAC, so that nothing is stored.

Every node that has the installation's secrets accepts the nonces of the others. A nonce is
`<seconds since 1970>.<HMAC>`: a phone whose clock is wrong takes its `iat` from there.
"""

import datetime as dt
import hmac

from backend.identity.authenticators import is_one_of
from sync_protocol import base64url
from sync_protocol.dpop import nonce_time

LIFE_SECONDS = 300
"""How long a nonce is accepted, and how far `iat` of a proof may be from the server's time."""
AHEAD_SECONDS = 60
"""How far the clock of the node that issued it may be ahead."""

_PURPOSE = b"satchel: nonces of proofs, 1"


def issue(secrets: list[bytes], now: dt.datetime) -> str:
    """Return a nonce for *now*, made with the first of *secrets*."""
    seconds = int(now.timestamp())
    return f"{seconds}.{_authenticator(secrets[0], seconds)}"


def issued_at(secrets: list[bytes], nonce: str, now: dt.datetime) -> int | None:
    """Return when *nonce* was issued, in seconds since 1970; None if it is too old or not of this server."""
    seconds = nonce_time(nonce)
    if seconds is None or not -AHEAD_SECONDS <= now.timestamp() - seconds < LIFE_SECONDS:
        return None
    expected = [_authenticator(secret, seconds) for secret in secrets]
    return seconds if is_one_of(nonce.partition(".")[2], expected) else None


def _authenticator(secret: bytes, seconds: int) -> str:
    key = hmac.digest(secret, _PURPOSE, "sha256")
    return base64url.encode(hmac.digest(key, str(seconds).encode(), "sha256")[:16])
