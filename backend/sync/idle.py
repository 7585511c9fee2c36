"""The idle poll: tell in one SQL statement whether anything has changed for a device.

Most polls of a fleet find no change. The statement is a snapshot of its own. It reads the device's row, its
grants, the feed's head and the heads of the subscribed streams, but no row of the feed. It answers only if
clearly nothing has changed, and leaves every other case to `backend.sync.pull`. The two modules must always
agree.

The statement returns one row. What it says of the streams is one text, which stays the same while nothing
changes, so a web process decodes and compares a cursor once and not at every poll.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache, reduce
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, func, literal_column, select

from backend.database.snapshot_reads import ReadConnection
from backend.feed.models import FeedHead, FeedStream
from backend.feed.positions import HEAD_ID
from backend.identity import access, principals
from backend.identity.principals import Principal
from backend.identity.tokens import AccessToken
from backend.sync.subscriptions import DEVICE
from sync_protocol.change import Stream
from sync_protocol.cursor import Mark, decode_cursor

_BETWEEN_FIELDS, _BETWEEN_STREAMS = "\x1f", "\x1e"
"""Control characters, which no name of a channel or a collection contains."""
_STREAM_SEPARATOR: Any = literal_column(f"'{_BETWEEN_STREAMS}'")
REMEMBERED = 2_048
"""Maximum number of comparisons that a process remembers: about 4 MB, 14 MB with the longest texts."""
MAX_REMEMBERED_TEXT = 2_048
"""Length of a cursor above which its comparison is not remembered; 50 streams take about 200 characters."""


def _joined(*columns: Any) -> ColumnElement[str]:
    first, *others = (cast(column, Text) for column in columns)
    between: ColumnElement[str] = literal_column(f"'{_BETWEEN_FIELDS}'")
    return reduce(lambda text, column: text.concat(between).concat(column), others, first)


def joined_streams(*more: Any) -> Any:
    """Return the subscribed streams of `DEVICE` as one text, which `split_streams` splits; null without any.

    A stream is (channel, collection, head, floor, *more*), where *more* are further columns of `FeedStream`.
    """
    columns = _joined(FeedStream.channel, FeedStream.collection, FeedStream.head, FeedStream.floor, *more)
    return (
        select(func.aggregate_strings(columns, _STREAM_SEPARATOR))
        .select_from(DEVICE.channels.join(FeedStream, FeedStream.channel == DEVICE.channels.c.channel))
        .where(DEVICE.role_allows(FeedStream.collection))
        .correlate(None)
        .scalar_subquery()
    )


def split_streams(text: str) -> Iterator[list[str]]:
    """Yield the columns of each stream in *text*, which `joined_streams` has joined."""
    for stream in text.split(_BETWEEN_STREAMS) if text else ():
        yield stream.split(_BETWEEN_FIELDS)


IDLE_QUERY = select(
    DEVICE.principal, FeedHead.epoch, FeedHead.position, joined_streams().label("streams")
).select_from(DEVICE.principal.join(FeedHead, FeedHead.id == HEAD_ID))
"""Select one row: the principal, the feed's head, and the subscribed streams that ever held a record, as a text
of (channel, collection, head, floor); null if there is no such stream."""


def unchanged_since(
    connection: ReadConnection, token: AccessToken, cursor: str, schema: int
) -> Principal | None:
    """Return the principal of *token* if nothing has changed for it since *cursor*, else None.

    Args:
        connection: A connection on which each statement is a snapshot of its own.
        token: The verified access token.
        cursor: The cursor that the device sent.
        schema: The catalogue revision of the app.

    Raises:
        CursorInvalid: The cursor was not issued by this server.
        The errors of `principals.check`: the device or its rep may not use the API any more.
    """
    row = connection.execute(IDLE_QUERY, {"device": token.device}).one_or_none()
    principal = principals.check(row, token)
    compare = _seen_if_current if len(cursor) <= MAX_REMEMBERED_TEXT else _seen_if_current.__wrapped__
    needed_position = compare(cursor, row.epoch, row.streams or "", schema)
    return principal if needed_position is not None and row.position >= needed_position else None


@lru_cache(maxsize=REMEMBERED)
def _seen_if_current(cursor: str, epoch: str, streams: str, schema: int) -> int | None:
    """Return the `seen` of *cursor* if it is of *epoch* and current for *streams*, else None.

    *streams* is the text of `IDLE_QUERY`. Raises `CursorInvalid`. The result depends on the arguments alone,
    and an error is not remembered.
    """
    decoded = decode_cursor(cursor)
    if decoded.epoch != epoch:
        return None
    supported = {
        (channel, collection): (int(head), int(floor))
        for channel, collection, head, floor in split_streams(streams)
        if access.supported(channel, collection, schema)
    }
    return decoded.seen if _is_current(decoded.marks, supported) else None


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
