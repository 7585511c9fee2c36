"""The idle poll: tell in one SQL statement whether anything has changed for a device.

Most polls of a fleet find no change. The statement is a snapshot of its own. It reads the device's row, its
grants, the feed's head and the heads of the subscribed streams, but no row of the feed. Every case except a
clear "nothing has changed" is left to `backend.sync.pull`, with which this module must always agree.
"""

from collections.abc import Mapping

from sqlalchemy import select

from backend.database.snapshot_reads import ReadConnection
from backend.feed.models import FeedHead, FeedStream
from backend.feed.positions import HEAD_ID
from backend.feed.reading import STATE_COLUMNS
from backend.identity import access, principals
from backend.identity.principals import Principal
from backend.identity.tokens import Claims
from backend.sync.subscriptions import DEVICE
from sync_protocol.change import Stream
from sync_protocol.cursor import Cursor, Mark

IDLE_QUERY = select(
    DEVICE.principal,
    FeedHead.epoch,
    FeedHead.position,
    *STATE_COLUMNS,
).select_from(
    DEVICE.principal.join(FeedHead, FeedHead.id == HEAD_ID).outerjoin(
        DEVICE.channels.join(FeedStream, FeedStream.channel == DEVICE.channels.c.channel),
        DEVICE.role_allows(FeedStream.collection),
    )
)
"""Select one row per subscribed stream that ever held a record, each with the principal and the feed's head."""


def unchanged_since(
    connection: ReadConnection, claims: Claims, cursor: Cursor, schema: int
) -> Principal | None:
    """Return the principal of *claims* if nothing has changed for it since *cursor*, else None.

    Args:
        connection: A connection on which each statement is a snapshot of its own.
        claims: The verified claims of the access token.
        cursor: The decoded cursor that the device sent.
        schema: The catalogue revision of the app.

    Raises:
        Whatever `principals.check` raises, if the device or its rep may not use the API any more.
    """
    rows = connection.execute(IDLE_QUERY, {"device": claims.device}).all()
    principal = principals.check(rows[0] if rows else None, claims)
    if rows[0].epoch != cursor.epoch or rows[0].position < cursor.seen:
        return None
    subscribed = {
        (channel, collection): (head, floor)
        for *_, channel, collection, head, floor in rows
        if channel is not None and access.supported(channel, collection, schema)
    }
    return principal if _is_current(cursor.marks, subscribed) else None


def _is_current(marks: Mapping[Stream, Mark], subscriptions: Mapping[Stream, tuple[int, int]]) -> bool:
    """Return whether *marks* names exactly *subscriptions* and no change or tombstone was missed.

    *subscriptions* holds the (head, floor) of each stream.
    """
    if marks.keys() != subscriptions.keys():
        return False
    for stream, (head, floor) in subscriptions.items():
        mark = marks[stream]
        # Most positions are above the floor, so `covered` need not be computed.
        if mark.position < head or (mark.position < floor and mark.covered < floor):
            return False
    return True
