"""The idle poll: is there anything at all to tell this device?

Most polls of a fleet find nothing. Those are answered by one statement, which is a snapshot of its own and
reads the device's row, its grants, the feed's head and the heads of the streams it hears, but no row of
the feed. Whatever is not plainly "nothing has changed" is left to `backend.sync.pull`, which decides
everything: this module may only agree with it.
"""

from collections.abc import Mapping

from sqlalchemy import select

from backend.database.snapshot_reads import ReadConnection
from backend.feed.models import FeedHead, FeedStream
from backend.feed.positions import ONLY
from backend.feed.reading import STATE_COLUMNS
from backend.identity import access, principals
from backend.identity.principals import Principal
from backend.identity.tokens import Claims
from backend.sync.subscriptions import DEVICE
from sync_protocol.change import Stream
from sync_protocol.cursor import Cursor, Mark

IDLE_QUERY = select(
    DEVICE.row,
    FeedHead.epoch,
    FeedHead.position,
    *STATE_COLUMNS,
).select_from(
    DEVICE.row.join(FeedHead, FeedHead.id == ONLY).outerjoin(
        DEVICE.channels.join(FeedStream, FeedStream.channel == DEVICE.channels.c.channel),
        DEVICE.role_allows(FeedStream.collection),
    )
)
"""A row for each stream that the device hears and that ever held a record, each with who asks and the head."""


def unchanged_since(
    connection: ReadConnection, claims: Claims, cursor: Cursor, schema: int
) -> Principal | None:
    """Return who *claims* speak for if nothing has changed for them since *cursor*, else None.

    On *connection* each statement is a snapshot of its own. Raises what `principals.judge` raises.
    """
    rows = connection.execute(IDLE_QUERY, {"device": claims.device}).all()
    principal = principals.check(rows[0] if rows else None, claims)
    if rows[0].epoch != cursor.epoch or rows[0].position < cursor.seen:
        return None
    heard = {
        (channel, collection): (head, floor)
        for *_, channel, collection, head, floor in rows
        if channel is not None and access.supported(channel, collection, schema)
    }
    return principal if _is_current(cursor.marks, heard) else None


def _is_current(marks: Mapping[Stream, Mark], subscriptions: Mapping[Stream, tuple[int, int]]) -> bool:
    """Say whether *marks* names exactly what is *heard*, with no change and no tombstone missed."""
    if marks.keys() != subscriptions.keys():
        return False
    for stream, (head, floor) in subscriptions.items():
        mark = marks[stream]
        # Most stand above their floor, which the position tells already.
        if mark.position < head or (mark.position < floor and mark.covered < floor):
            return False
    return True
