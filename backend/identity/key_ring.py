"""The key ring of a process: which key makes new tokens now, and which keys are still accepted.

Both follow from the keys' files and the time alone, so all nodes agree. A rotation publishes a key first
(`PUBLISH`), then uses it. The key before it is accepted until the last token that was made with it has expired.
The folder is read again every `READ_EVERY_SECONDS`, and when a token names an unknown key.
"""

import datetime as dt
import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from backend.identity import keys
from backend.identity.keys import REFRESH, SIGNING, KeyDamaged, StoredKey
from sync_protocol.limits import LIMITS

log = logging.getLogger(__name__)

PUBLISH = dt.timedelta(minutes=10)
"""How long a new key is published before it is used. Every node has read the folder by then."""
READ_EVERY_SECONDS = 30.0
UNKNOWN_EVERY_SECONDS = 1.0
"""Minimum time between two readings because of unknown keys."""
MARGIN = dt.timedelta(minutes=5)
"""For nodes whose clocks differ, and the leeway of an access token."""


@dataclass(frozen=True)
class Lifetimes:
    """How long a token can live after it was issued, and so its key after it was replaced."""

    refresh_days: int = 90
    """The days of a family, not its idle days: a phone whose replies are lost sends the same token again and
    again, each use begins the idle days again, and a copy of any token of the family must be noticed."""

    def after_use(self, kind: str) -> dt.timedelta:
        """Return how long a key of *kind* is accepted after the next one is used."""
        if kind == SIGNING:
            return dt.timedelta(seconds=LIMITS.access_token_seconds) + MARGIN
        return dt.timedelta(days=self.refresh_days) + MARGIN


@dataclass(frozen=True)
class RingKey:
    """A key with the time at which it is retired; None: no other key follows."""

    key: StoredKey
    retired_at: dt.datetime | None

    def accepted(self, now: dt.datetime) -> bool:
        """Say whether tokens made with it are accepted at *now*."""
        return self.retired_at is None or now < self.retired_at


def with_retirement(stored: Iterable[StoredKey], kind: str, lifetimes: Lifetimes) -> list[RingKey]:
    """Return the keys of *kind* in the order of their use, each with the time of its retirement."""
    ordered = sorted((key for key in stored if key.kind == kind), key=lambda key: (key.used_from, key.id))
    following = [key.used_from + lifetimes.after_use(kind) for key in ordered[1:]]
    return [RingKey(key, at) for key, at in zip(ordered, [*following, None], strict=True)]


def current(ring: Iterable[RingKey], now: dt.datetime) -> StoredKey:
    """Return the key that makes tokens at *now*: the last one whose use has begun, else the first one."""
    ordered = [each.key for each in ring]
    return next((key for key in reversed(ordered) if key.used_from <= now), ordered[0])


@dataclass(frozen=True)
class _Keys:
    """What was read from the folder at one time."""

    private: Mapping[str, Ed25519PrivateKey]
    signing: list[RingKey]
    by_kid: Mapping[str, RingKey]
    refresh: list[RingKey]


class KeyRing:
    """The keys of the installation in *folder*; thread-safe. Raises what `keys.read_all` raises, when
    created."""

    def __init__(
        self,
        folder: Path,
        lifetimes: Lifetimes | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder, self._lifetimes, self._monotonic = folder, lifetimes or Lifetimes(), monotonic
        self._lock = threading.Lock()
        self._names: frozenset[str] = frozenset()
        self._read_at = -float("inf")
        self._read()

    def signing(self, now: dt.datetime) -> tuple[str, Ed25519PrivateKey]:
        """Return `kid` and private key with which access tokens are signed at *now*."""
        self._read_if_older(READ_EVERY_SECONDS)
        keys_now = self._keys
        id = current(keys_now.signing, now).id
        return id, keys_now.private[id]

    def verifying(self, kid: object, now: dt.datetime) -> Ed25519PublicKey | None:
        """Return the key that verifies tokens with *kid*, always by EdDSA; None if it is unknown or retired."""
        self._read_if_older(READ_EVERY_SECONDS)
        if isinstance(kid, str) and kid not in self._keys.by_kid:
            self._read_if_older(UNKNOWN_EVERY_SECONDS)
        keys_now = self._keys
        each = keys_now.by_kid.get(kid) if isinstance(kid, str) else None
        return keys_now.private[each.key.id].public_key() if each and each.accepted(now) else None

    def accepts(self, kid: str, now: dt.datetime) -> bool:
        """Say whether tokens with *kid* are accepted at *now*."""
        self._read_if_older(READ_EVERY_SECONDS)
        each = self._keys.by_kid.get(kid)
        return each is not None and each.accepted(now)

    def secrets(self, now: dt.datetime) -> list[bytes]:
        """Return the refresh secrets that are accepted at *now*; the first one makes new tokens."""
        self._read_if_older(READ_EVERY_SECONDS)
        ring = self._keys.refresh
        first = current(ring, now)
        others = [each.key for each in ring if each.accepted(now) and each.key is not first]
        return [key.content for key in (first, *reversed(others))]

    def _read_if_older(self, seconds: float) -> None:
        if self._monotonic() - self._read_at < seconds:
            return
        with self._lock:
            if self._monotonic() - self._read_at < seconds:
                return
            try:
                if keys.file_names(self._folder) == self._names:
                    self._read_at = self._monotonic()
                else:
                    self._read()
            except (OSError, KeyDamaged) as error:
                # The keys in memory are good; a folder that is away for a moment must not stop requests.
                self._read_at = self._monotonic()
                log.error("the keys cannot be read again: %s", error)

    def _read(self) -> None:
        stored = keys.read_all(self._folder)
        signing = with_retirement(stored, SIGNING, self._lifetimes)
        # One assignment: other threads read without the lock, and must not see half of a change.
        self._keys = _Keys(
            private={key.id: key.private for key in stored if key.kind == SIGNING},
            signing=signing,
            by_kid={each.key.id: each for each in signing},
            refresh=with_retirement(stored, REFRESH, self._lifetimes),
        )
        self._names = frozenset(key.path.name for key in stored)
        self._read_at = self._monotonic()
