"""Rotation of the installation's keys: by age, by command, and at once when a key has leaked.

Separate from the key ring: web processes only read keys; a worker and `satchel keys` write them.
"""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from backend.files import sync_folder
from backend.identity import key_ring, keys
from backend.identity.key_ring import Lifetimes, RingKey
from backend.identity.keys import BEGINNING, REFRESH, SIGNING, StoredKey

KINDS = (SIGNING, REFRESH)
KEPT = dt.timedelta(days=7)
"""How long the file of a retired key is kept, for a setting that is changed back."""


def ring_of(folder: Path, lifetimes: Lifetimes) -> list[RingKey]:
    """Return all keys in *folder*, signing keys first, in the order of their use."""
    stored = keys.read_all(folder)
    return [each for kind in KINDS for each in key_ring.with_retirement(stored, kind, lifetimes)]


def rotate(folder: Path, kinds: Sequence[str], now: dt.datetime) -> list[StoredKey]:
    """Publish a new key of each of *kinds*, used after `PUBLISH`; return the new keys."""
    paths = {keys.create(folder, kind, now + key_ring.PUBLISH) for kind in kinds}
    return [key for key in keys.read_all(folder) if key.path in paths]


def rotate_old(folder: Path, days: int, now: dt.datetime) -> list[StoredKey]:
    """Rotate each kind whose newest key is older than *days*; return the new keys."""
    stored = keys.read_all(folder)
    old = [
        kind
        for kind in KINDS
        if all(now - _begun_at(key) >= dt.timedelta(days=days) for key in stored if key.kind == kind)
    ]
    return rotate(folder, old, now)


def revoke(folder: Path, id: str, now: dt.datetime) -> StoredKey | None:
    """Stop accepting the key *id* on every node, and use another key at once; None if there is no such key.

    Creates a new key first if no other one of its kind is in use.
    """
    stored = keys.read_all(folder)
    key = next((each for each in stored if each.id == id), None)
    if key is None:
        return None
    if not any(each.kind == key.kind and each.id != id and each.used_from <= now for each in stored):
        keys.create(folder, key.kind, now)
    key.path.unlink(missing_ok=True)
    sync_folder(key.path.parent)
    return key


def prune(folder: Path, lifetimes: Lifetimes, now: dt.datetime) -> list[StoredKey]:
    """Delete the files of keys that have been retired for `KEPT`; return those keys."""
    retired = [
        each.key
        for each in ring_of(folder, lifetimes)
        if each.retired_at is not None and each.retired_at + KEPT <= now
    ]
    for key in retired:
        key.path.unlink(missing_ok=True)
    return retired


def _begun_at(key: StoredKey) -> dt.datetime:
    """Return when the use of *key* began: the first key's file says when it was created."""
    if key.used_from != BEGINNING:
        return key.used_from
    return dt.datetime.fromtimestamp(key.path.stat().st_mtime, dt.UTC)
