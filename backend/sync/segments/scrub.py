"""The scrub: a file on offer that is not any more what its name says is found before every phone finds it.

A disk that gives back other bytes would stop each first sync for ever: the phone checks what it fetched
against the name and throws it away. The set is withdrawn, the file deleted, and both are built anew.
"""

import hashlib
import logging

from backend.clock import Clock
from backend.database.core import Sessions
from backend.feed import segments
from backend.sync.segments.store import SegmentMissing, Store, StoreFailed

PIECE = 64 * 1024

log = logging.getLogger(__name__)


def scrub(sessions: Sessions, store: Store, clock: Clock) -> list[str]:
    """Read every file on offer; withdraw and delete what is damaged, missing or unreadable; return its names.

    Raises `StoreFailed` where the store itself does not work; nothing is withdrawn for that.
    """
    with sessions() as session:
        wanted = segments.offered_files(session)
    damaged = [name for name, size in sorted(wanted.items()) if not _whole(store, name, size)]
    for name in damaged:
        with sessions() as session, session.begin():
            segments.withdraw(session, name, clock.now())
        store.delete(name)
        log.warning("segment %s is damaged or missing; its set is withdrawn and will be built anew", name)
    return damaged


def _whole(store: Store, name: str, size: int) -> bool:
    """Say whether the file is what its name says. One that cannot be read, in a store that works, is not."""
    try:
        return _is_its_name(store, name, size)
    except StoreFailed:
        store.check()
    try:
        return _is_its_name(store, name, size)
    except StoreFailed as error:
        log.warning("segment %s cannot be read: %s", name, error)
        return False


def _is_its_name(store: Store, name: str, size: int) -> bool:
    try:
        file = store.open(name, 0, size)
    except SegmentMissing:
        return False
    digest = hashlib.sha256()
    try:
        if file.size != size:
            return False
        while piece := file.read(PIECE):
            digest.update(piece)
        return digest.hexdigest() == name
    finally:
        file.close()
