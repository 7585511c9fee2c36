"""A cache of verified access tokens: a token's signature is checked once and not at every poll.

The cache holds only what a token alone states: that we signed it, for which device and until when. Whether
the device is revoked is in the device's row, which is read for every request. Refused tokens are not cached, so
that nobody can fill the cache with tokens of their own.
"""

import datetime as dt
import hashlib
import threading
from collections import OrderedDict

from backend.identity import tokens
from backend.identity.key_ring import KeyRing
from backend.identity.tokens import AccessToken, TokenInvalid

MAX_TOKENS = 4_096
"""Maximum number of tokens, about 2 MB; the least recently used one is dropped first."""


class VerifiedTokens:
    """Verifies access tokens of one issuer; thread-safe."""

    def __init__(self, keys: KeyRing, issuer: str, most: int = MAX_TOKENS) -> None:
        self._keys, self._issuer, self._most = keys, issuer, most
        self._tokens: OrderedDict[bytes, AccessToken] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._tokens)

    def verify(self, token: str, now: dt.datetime) -> AccessToken:
        """Return *token*, verified and parsed; raises `TokenInvalid` or `TokenExpired`."""
        # Use the digest as the key: it reveals no token, and all keys have one length.
        key = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        verified = self._recall(key)
        if verified is not None:
            if not self._keys.accepts(verified.kid, now):
                raise TokenInvalid("the key that signed it was retired or revoked")
            tokens.check_time(verified, now)
            return verified
        verified = tokens.verify(self._keys, self._issuer, token, now)
        self._remember(key, verified)
        return verified

    def _recall(self, key: bytes) -> AccessToken | None:
        with self._lock:
            if key in self._tokens:
                self._tokens.move_to_end(key)
            return self._tokens.get(key)

    def _remember(self, key: bytes, verified: AccessToken) -> None:
        with self._lock:
            self._tokens[key] = verified
            while len(self._tokens) > self._most:
                self._tokens.popitem(last=False)
