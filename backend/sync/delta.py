"""The delta: the page of a device that holds its streams completely, read in one SQL statement.

Most pages are deltas. The statement is a snapshot of its own. It reads the device's row, its grants, the feed's
head, the subscribed streams with their checksums, and the rows above the cursor's marks, which PostgreSQL joins
into the text of the page. The page itself is built by `backend.sync.pull`, as every page is. Where it needs
more than the statement has read, there is no delta, and the request is answered from a session.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, true

from backend.database.snapshot_reads import ReadConnection
from backend.feed import joined
from backend.feed.joined import SEPARATOR
from backend.feed.models import FeedHead, FeedStream
from backend.feed.positions import HEAD_ID, Head
from backend.feed.reading import StreamState
from backend.identity import access, principals
from backend.identity.principals import Principal
from backend.identity.tokens import AccessToken
from backend.sync import pull
from backend.sync.idle import joined_streams, split_streams
from backend.sync.page import ROWS_AT_ONCE, Page, PageBuilder
from backend.sync.page_source import Offers
from backend.sync.subscriptions import DEVICE, Subscriptions, by_urgency
from sync_protocol.change import Stream
from sync_protocol.checksum import MODULUS, Checksum
from sync_protocol.cursor import Cursor, Mark, decode_cursor


def _query() -> Any:
    marks = joined.marks()
    behind = (
        select(marks.c.n, marks.c.channel, marks.c.collection, marks.c.position)
        .select_from(marks)
        .join(
            FeedStream,
            (FeedStream.channel == marks.c.channel)
            & (FeedStream.collection == marks.c.collection)
            & (FeedStream.head > marks.c.position),
        )
        .where(marks.c.channel.in_(select(DEVICE.channels.c.channel)), DEVICE.role_allows(marks.c.collection))
        .cte("behind")
    )
    rows = joined.joined_rows(behind).subquery("joined")
    return select(
        DEVICE.principal,
        FeedHead.epoch,
        FeedHead.position,
        joined_streams(FeedStream.rows, FeedStream.sum).label("streams"),
        rows,
    ).select_from(DEVICE.principal.join(FeedHead, FeedHead.id == HEAD_ID).outerjoin(rows, true()))


DELTA_QUERY = _query()
"""Select the rows of `joined.joined_rows`, each with the principal, the feed's head, and the subscribed streams
as a text of (channel, collection, head, floor, count, sum); one row without any. PostgreSQL only."""


class NotJoined(Exception):
    """The page needs more than the statement has read."""


@dataclass(frozen=True)
class _JoinedSource:
    """What the statement has read: of the streams in *positions* the rows above their positions."""

    subscribed: Subscriptions
    positions: Mapping[Stream, int]
    changes: Mapping[Stream, Any]
    """Rows of `joined.joined_rows`, by stream."""

    def subscriptions(self) -> Subscriptions:
        return self.subscribed

    def offers(self, streams: Iterable[Stream]) -> Offers:
        if any(True for _ in streams):
            raise NotJoined("a stream is read from its beginning")
        return {}

    def add_changes(self, page: PageBuilder, streams: Sequence[tuple[Stream, Mark]]) -> None:
        sizes = sum(changes.bytes for changes in self.changes.values())
        if {stream: mark.position for stream, mark in streams} != self.positions or sizes > page.budget:
            raise NotJoined("other rows are needed")
        for stream, _ in streams:
            changes = self.changes.get(stream)
            page.marks[stream] = Mark(page.head.position)
            if changes is not None:
                page.add_joined(stream, changes.put or "", changes.gone or "", changes.rows)


def read(
    connection: ReadConnection,
    token: AccessToken,
    *,
    cursor_text: str,
    schema: int,
    limit_bytes: int | None,
    now: dt.datetime,
    poll_after: int,
) -> tuple[Principal, Page] | None:
    """Return the principal of *token* and its page; None if a session has to read it.

    Args:
        connection: A connection to PostgreSQL on which each statement is a snapshot of its own.
        token: The verified access token.
        cursor_text, schema, limit_bytes, now, poll_after: As for `pull.page_after`.

    Raises:
        CursorInvalid: The cursor was not issued by this server.
        NotYet: This server has not reached the position that the cursor has seen.
        The errors of `principals.check`: the device or its rep may not use the API any more.
    """
    cursor = decode_cursor(cursor_text)
    if not _is_complete(cursor):
        return None
    streams = sorted((s for s in cursor.marks if access.supported(*s, schema)), key=by_urgency())
    parameters = {
        "device": token.device,
        "channels": SEPARATOR.join(channel for channel, _ in streams),
        "collections": SEPARATOR.join(collection for _, collection in streams),
        "positions": SEPARATOR.join(str(cursor.marks[stream].position) for stream in streams),
        "limit": ROWS_AT_ONCE,
    }
    rows = connection.execute(DELTA_QUERY, parameters).all()
    row: Any = rows[0] if rows else None
    principal = principals.check(row, token)
    if row.epoch != cursor.epoch:
        return None
    states = {
        (channel, collection): StreamState(int(head), int(floor), Checksum(int(count), int(total) % MODULUS))
        for channel, collection, head, floor, count, total in split_streams(row.streams or "")
    }
    positions = {
        stream: cursor.marks[stream].position
        for stream in streams
        if stream in states and states[stream].head > cursor.marks[stream].position
    }
    changes = {streams[row.n - 1]: row for row in rows if row.n is not None}
    if positions and not changes:
        return None
    source = _JoinedSource(Subscriptions(Head(row.epoch, row.position), states), positions, changes)
    try:
        page = pull.page_after(
            source,
            cursor_text=cursor_text,
            schema=schema,
            limit_bytes=limit_bytes,
            now=now,
            poll_after=poll_after,
        )
    except NotJoined:
        return None
    return principal, page


def _is_complete(cursor: Cursor) -> bool:
    """Return whether each stream of *cursor* has been read to the end of a snapshot."""
    return bool(cursor.marks) and all(
        mark.position and mark.as_of <= mark.position for mark in cursor.marks.values()
    )
