"""Chooses where the feed is read for a request: on the standby if that is possible, else on the primary.

The device's row, the rep's subscriptions and the epoch always come from the primary, so that a revocation and
a promotion of a standby take effect at once. On the standby only streams are read to which the rep is
subscribed according to both servers.
"""

from collections.abc import Callable, Collection
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import metrics
from backend.api import auth
from backend.api.services import get_services
from backend.feed.models import FeedHead
from backend.feed.positions import HEAD_ID, Head
from backend.identity import access
from backend.identity.models import Device
from sync_protocol.change import Stream

T = TypeVar("T")
Read = Callable[[Session, Collection[Stream] | None], T]
"""Reads the feed on a session. If streams are given, it must not read any other."""


def read_feed(primary: Session, schema: int, read: Read[T], is_empty: Callable[[T], bool]) -> T:
    """Return the result of *read* on the standby or on *primary*, which is in a snapshot.

    Args:
        schema: Revision of the catalogue that the app was built for.
        is_empty: Says whether a result means "no changes". Such a result from a standby that is behind the
            primary is discarded, and the primary is read.
    """
    standby = get_services().standby
    if standby is None:
        return read(primary, None)
    if standby.is_unavailable:
        metrics.STANDBY_READS.labels("unavailable").inc()
        return read(primary, None)
    principal = auth.principal()
    row = primary.execute(
        select(FeedHead.epoch, FeedHead.position, Device.pushed_position)
        .select_from(FeedHead)
        .join(Device, Device.id == principal.device)
        .where(FeedHead.id == HEAD_ID)
    ).one()
    subscribed = frozenset(access.streams(primary, principal.rep, schema))

    def read_standby(session: Session, head: Head) -> T | None:
        result = read(session, subscribed)
        return None if head.position < row.position and is_empty(result) else result

    result = standby.read(Head(row.epoch, row.position), row.pushed_position, read_standby)
    return read(primary, None) if result is None else result
