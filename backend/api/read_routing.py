"""Where the feed is read for whoever speaks: on the read replica if it may serve, else on the primary.

The device's row, what the rep hears and the history's name come from the primary in any case, so that a
revocation and a promotion hold at once. What is read on the replica is what the rep hears by both.
"""

from collections.abc import Callable, Collection
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.api import auth
from backend.api.services import get_services
from backend.feed.models import FeedHead
from backend.feed.positions import HEAD_ID, Head
from backend.identity import access
from backend.identity.models import Device
from sync_protocol.change import Stream

T = TypeVar("T")
Ask = Callable[[Session, Collection[Stream] | None], T]
"""Reads the feed on a session; the streams, if given, are those beyond which nothing may be read."""


def read_feed(primary: Session, schema: int, ask: Ask[T], is_empty: Callable[[T], bool]) -> T:
    """Return what *ask* reads. *primary* is in a snapshot.

    *says_nothing* tells an answer that means "no changes"; of a replica that is behind it does not count.
    """
    replica = get_services().replica
    if replica is None or replica.is_unavailable:
        return ask(primary, None)
    who = auth.principal()
    row = primary.execute(
        select(FeedHead.epoch, FeedHead.position, Device.pushed_position)
        .select_from(FeedHead)
        .join(Device, Device.id == who.device)
        .where(FeedHead.id == HEAD_ID)
    ).one()
    heard = frozenset(access.streams(primary, who.rep, schema))

    def there(session: Session, head: Head) -> T | None:
        found = ask(session, heard)
        return None if head.position < row.position and is_empty(found) else found

    found = replica.read(Head(row.epoch, row.position), row.pushed_position, there)
    return ask(primary, None) if found is None else found
