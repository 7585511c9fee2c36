"""Access tokens that were verified lately, so that a phone's signature is checked once and not at every poll.

Only what a token proves by itself is remembered: that we signed it, for whom and until when. Whether its
device may still speak stands in the device's row, which is read for every request. Nothing is remembered
of a token that was refused, so that nobody can fill the memory with tokens of their own.
"""

import datetime as dt
import hashlib
import threading
from collections import OrderedDict

from backend.identity import tokens
from backend.identity.keys import Keys
from backend.identity.tokens import Claims

MAX_TOKENS = 4_096
"""Tokens remembered; the one that was used longest ago goes first. About 2 MB."""


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
        # The digest: no token can be read from this memory, and all names have one length.
        name = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        claims = self._recall(name)
        if claims is not None:
            tokens.check_time(claims, now)
            return claims
        claims = tokens.verify(self._keys, self._issuer, token, now)
        self._remember(name, claims)
        return claims

    def _recall(self, name: bytes) -> Claims | None:
        with self._lock:
            if name in self._claims:
                self._claims.move_to_end(name)
            return self._claims.get(name)

    def _remember(self, name: bytes, claims: Claims) -> None:
        with self._lock:
            self._claims[name] = claims
            while len(self._claims) > self._most:
                self._claims.popitem(last=False)
