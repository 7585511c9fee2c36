"""A cache of verified access tokens: a token's signature is checked once and not at every poll.

Only what a token proves without the database is cached: that we signed it, for which device and until when.
Whether the device is revoked is in the device's row, which is read for every request. Refused tokens are not
cached, so that nobody can fill the cache with tokens of their own.
"""

import datetime as dt
import hashlib
import threading
from collections import OrderedDict

from backend.identity import tokens
from backend.identity.keys import Keys
from backend.identity.tokens import Claims

MAX_TOKENS = 4_096
"""Maximum number of tokens, about 2 MB; the least recently used one is dropped first."""


class VerifiedTokens:
    """Verifies access tokens of one issuer; thread-safe."""

    def __init__(self, keys: Keys, issuer: str, most: int = MAX_TOKENS) -> None:
        self._keys, self._issuer, self._most = keys, issuer, most
        self._claims: OrderedDict[bytes, Claims] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._claims)

    def verify(self, token: str, now: dt.datetime) -> Claims:
        """Return the claims of *token*; raises `TokenInvalid` or `TokenExpired`."""
        # Use the digest as the key: it reveals no token, and all keys have one length.
        key = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        claims = self._recall(key)
        if claims is not None:
            tokens.check_time(claims, now)
            return claims
        claims = tokens.verify(self._keys, self._issuer, token, now)
        self._remember(key, claims)
        return claims

    def _recall(self, key: bytes) -> Claims | None:
        with self._lock:
            if key in self._claims:
                self._claims.move_to_end(key)
            return self._claims.get(key)

    def _remember(self, key: bytes, claims: Claims) -> None:
        with self._lock:
            self._claims[key] = claims
            while len(self._claims) > self._most:
                self._claims.popitem(last=False)
