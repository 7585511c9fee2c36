"""Pull: return the changes for a rep since a cursor. The steps are those of docs/protocol.md.

One page is one snapshot: the caller has begun the transaction with `snapshot()`. The page says `complete` only
if nothing above the returned cursor remains in that snapshot.
"""

import datetime as dt
from collections.abc import Collection, Mapping

from sqlalchemy.orm import Session

from backend.feed.positions import Head
from backend.feed.reading import StreamState
from backend.metrics import DropCause
from backend.sync import subscriptions
from backend.sync.page import Link, Page, PageBuilder, no_link
from backend.sync.page_source import PageSource, SessionSource
from backend.sync.subscriptions import Subscriptions
from sync_protocol.change import Stream
from sync_protocol.checksum import Checksum
from sync_protocol.cursor import Cursor, Mark, decode_cursor
from sync_protocol.limits import LIMITS
from sync_protocol.pull import RESET_EPOCH, RESET_REBASE, SEGMENTS_SINCE


class NotYet(RuntimeError):
    """This server's head is below the one that the device has seen, so it must not say "no changes".

    *retry_after* is in seconds.
    """

    def __init__(self, retry_after: int) -> None:
        super().__init__("this server has not reached the position that you have seen")
        self.retry_after = retry_after


def pull(
    session: Session,
    *,
    rep_id: str,
    cursor_text: str | None,
    schema: int,
    limit_bytes: int | None,
    now: dt.datetime,
    link: Link = no_link,
    segment_rows: int = 0,
    poll_after: int = LIMITS.poll_after_seconds,
    subscribed: Subscriptions | None = None,
    only: Collection[Stream] | None = None,
) -> Page:
    """Return the page that `page_after` builds for *rep_id*, reading on *session*.

    Args:
        session: A session whose transaction is the page's snapshot.
        rep_id: The rep whose streams are read.
        subscribed: The subscriptions of the rep, if they were read in this snapshot already.
        cursor_text, schema, limit_bytes, now, link, segment_rows, poll_after, only: As for `page_after`.

    Raises what `page_after` raises.
    """
    return page_after(
        SessionSource(session, rep_id, subscribed),
        cursor_text=cursor_text,
        schema=schema,
        limit_bytes=limit_bytes,
        now=now,
        link=link,
        segment_rows=segment_rows,
        poll_after=poll_after,
        only=only,
    )


def page_after(
    source: PageSource,
    *,
    cursor_text: str | None,
    schema: int,
    limit_bytes: int | None,
    now: dt.datetime,
    link: Link = no_link,
    segment_rows: int = 0,
    poll_after: int = LIMITS.poll_after_seconds,
    only: Collection[Stream] | None = None,
) -> Page:
    """Return the page that follows *cursor_text*.

    Args:
        source: Reads what the page needs, in the page's snapshot.
        cursor_text: The cursor as the device sent it; None: from the start.
        schema: The catalogue revision of the app.
        limit_bytes: The requested size of the page in bytes; None: the default.
        now: The server's clock.
        link: Returns the URL of a segment.
        segment_rows: Streams with at least this many records should have segments; 0: no stream should.
        poll_after: Seconds until the next poll.
        only: If given, the page is limited to these streams: on a standby, those that the primary grants.

    Raises:
        CursorInvalid: The cursor was not issued by this server.
        NotYet: This server has not reached the position that the cursor has seen.
        FeedMissing: The database is not set up.
    """
    # 1. The head, the granted streams and their states, in the page's own snapshot.
    subscribed = source.subscriptions()
    head, states = subscribed.head, subscribed.states
    granted = [s for s in subscriptions.supported(subscribed, schema) if only is None or s in only]
    # 2. Epoch and `seen` come before anything else.
    sent = decode_cursor(cursor_text) if cursor_text else Cursor(head.epoch)
    reset = None
    cursor = sent
    if sent.epoch != head.epoch:
        cursor = _rebase(sent, head, states) if schema >= SEGMENTS_SINCE else Cursor(head.epoch)
        reset = RESET_REBASE if cursor.marks else RESET_EPOCH
    if cursor.seen > head.position:
        raise NotYet(LIMITS.poll_after_seconds // 4)
    # 3. Streams that the cursor names and the device must drop: it may no longer read them, or has read them
    #    only in part before an epoch change, or has missed tombstones. After a full reset there are none.
    marks = {s: mark for s, mark in cursor.marks.items() if s in set(granted) and not _missed(mark, states, s)}
    drop = [] if reset == RESET_EPOCH else sorted(set(sent.marks) - set(marks))
    # 4. Changed streams are read one at a time, in the order in which phones need them. For a stream that the
    #    device does not have yet, its segments are offered if it has any.
    page = PageBuilder(head, LIMITS.page_bytes_within(limit_bytes), poll_after)
    changed = [s for s in granted if s in states and states[s].head > marks.get(s, Mark()).position]
    fresh = [s for s in changed if not marks.get(s, Mark()).position]
    segment_rows = segment_rows if schema >= SEGMENTS_SINCE else 0
    offers = source.offers(fresh) if schema >= SEGMENTS_SINCE else {}
    to_read: list[tuple[Stream, Mark]] = []
    for stream in granted:
        if stream in states:
            mark = marks.get(stream, Mark(0, head.position))
            if stream in marks:
                page.marks[stream] = mark
            if stream in offers:
                page.add_offer(stream, offers[stream], mark.as_of, link)
            elif stream in changed:
                if stream in fresh and 0 < segment_rows <= states[stream].checksum.count:
                    page.segment_candidates.append(stream)
                to_read.append((stream, mark))
            else:
                page.marks[stream] = Mark(head.position)
    source.add_changes(page, to_read)
    # 5. The cursor names exactly the streams of which the device may now hold rows.
    idle = not (cursor_text is None or reset or drop or changed)
    causes = [_drop_cause(stream, granted, cursor) for stream in drop]
    check = _check(page.marks, states)
    return page.render(drop=drop, drop_causes=causes, reset=reset, check=check, idle=idle, now=now)


def _rebase(sent: Cursor, head: Head, states: Mapping[Stream, StreamState]) -> Cursor:
    """Return a cursor of this epoch that keeps the streams which the device had read to their end.

    The checksums show afterwards whether the rows match this history.
    """
    complete = [s for s, mark in sent.marks.items() if mark.position >= mark.as_of and mark.position]
    return Cursor(head.epoch, head.position, {s: Mark(head.position) for s in complete if s in states})


def _missed(mark: Mark, states: Mapping[Stream, StreamState], stream: Stream) -> bool:
    """Return whether tombstones that the device needs have been deleted."""
    return stream in states and mark.covered < states[stream].floor


def _drop_cause(stream: Stream, granted: Collection[Stream], cursor: Cursor) -> DropCause:
    """Return why *stream* is dropped; *cursor* is that of the request, taken over into the current epoch."""
    if stream not in granted:
        return DropCause.REVOKED
    return DropCause.COMPACTED if stream in cursor.marks else DropCause.EPOCH


def _check(streams: Collection[Stream], states: Mapping[Stream, StreamState]) -> Checksum:
    return Checksum.total(states[stream].checksum for stream in streams)
