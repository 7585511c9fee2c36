"""The scrub: read every file on offer and check it against its name, before phones find a damaged one.

A disk that returns other bytes would stop every first sync forever: the phone checks what it fetched against
the name and discards it. The scrub withdraws the set and deletes the file, so that both are built again.

Separate from `sweep`, which decides by age and name alone and never reads a file.
"""

import hashlib
import logging
from collections.abc import Callable

from backend.clock import Clock
from backend.database.core import Sessions
from backend.feed import segments
from backend.sync.segments.store import SegmentMissing, Store, StoreFailed

READ_BYTES = 64 * 1024

log = logging.getLogger(__name__)


def scrub(sessions: Sessions, store: Store, clock: Clock, beat: Callable[[], None] = lambda: None) -> list[str]:
    """Read every file on offer; withdraw and delete those damaged, missing or unreadable; return their names.

    *beat* is called before each file. Raises `StoreFailed` if the store itself does not work; then nothing is
    withdrawn.
    """
    with sessions() as session:
        files = segments.offered_files(session)
    damaged = []
    for name, size in sorted(files.items()):
        beat()
        if not _is_intact(store, name, size):
            damaged.append(name)
    for name in damaged:
        with sessions() as session, session.begin():
            segments.withdraw(session, name, clock.now())
        store.delete(name)
        log.warning("segment %s is damaged or missing; its set is withdrawn and will be built again", name)
    return damaged


def _is_intact(store: Store, name: str, size: int) -> bool:
    """Return whether the file matches its name; False for one that cannot be read although the store works."""
    try:
        return _matches_name(store, name, size)
    except StoreFailed:
        store.check()
    try:
        return _matches_name(store, name, size)
    except StoreFailed as error:
        log.warning("segment %s cannot be read: %s", name, error)
        return False


def _matches_name(store: Store, name: str, size: int) -> bool:
    try:
        file = store.open(name, 0, size)
    except SegmentMissing:
        return False
    digest = hashlib.sha256()
    try:
        if file.size != size:
            return False
        while chunk := file.read(READ_BYTES):
            digest.update(chunk)
        return digest.hexdigest() == name
    finally:
        file.close()
