"""Pull: what has changed for a rep since a cursor. The steps are those of docs/protocol.md.

One page is one snapshot: the caller has begun the transaction with `snapshot()`. `complete` is said
only if nothing above the returned cursor remains in that snapshot.
"""

import datetime as dt
from collections.abc import Collection, Mapping

from sqlalchemy.orm import Session

from backend import metrics
from backend.feed import segments
from backend.feed.positions import Head
from backend.feed.reading import StreamState
from backend.sync import subscriptions
from backend.sync.page import Draft, Link, Page, no_link
from backend.sync.subscriptions import Subscriptions
from sync_protocol.change import Stream
from sync_protocol.checksum import Checksum
from sync_protocol.cursor import Cursor, Mark, decode_cursor
from sync_protocol.limits import LIMITS
from sync_protocol.pull import RESET_EPOCH, RESET_REBASE, SEGMENTS_SINCE


class NotYet(RuntimeError):
    """This server is behind what the device has seen; it must not say "no changes"."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("this server is behind what you have seen")
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
    """Return the page that follows *cursor_text* (None: from the start).

    *link* gives the addresses of segments; a stream of *segment_rows* records or more is worth some (0: none
    is). *subscribed*, if given, holds what the rep may read, read in this snapshot.
    *only*, if given, limits the page to these streams: on a read replica, those that the primary grants.
    Raises `CursorInvalid` for a cursor that is not ours and `NotYet` where this server is behind it.
    """
    # 1. The head, the grants and where their streams stand, in the page's own snapshot.
    subscribed = subscribed or subscriptions.for_rep(session, rep_id)
    head, standings = subscribed.head, subscribed.states
    granted = [s for s in subscriptions.supported(subscribed, schema) if only is None or s in only]
    # 2. Epoch and `seen` come before anything else.
    asked = decode_cursor(cursor_text) if cursor_text else Cursor(head.epoch)
    reset = None
    held = asked
    if asked.epoch != head.epoch:
        held = _rebase(asked, head, standings) if schema >= SEGMENTS_SINCE else Cursor(head.epoch)
        reset = RESET_REBASE if held.marks else RESET_EPOCH
        metrics.RESETS.labels(reset).inc()
    if held.seen > head.position:
        raise NotYet(LIMITS.poll_after_seconds // 4)
    # 3. What the device named and must give up: streams that it no longer hears, or that it holds half of
    #    over an epoch change, or whose tombstones it has missed. After a reset to nothing there is nothing.
    kept = {s: mark for s, mark in held.marks.items() if s in set(granted) and not _missed(mark, standings, s)}
    drop = [] if reset == RESET_EPOCH else sorted(set(asked.marks) - set(kept))
    # 4. Streams with news are read one at a time, in the order phones need them; of those that the device
    #    does not have yet, segments are offered where there are any.
    draft = Draft(head, LIMITS.page_bytes_within(limit_bytes), poll_after)
    behind = [s for s in granted if s in standings and standings[s].head > kept.get(s, Mark()).position]
    fresh = [s for s in behind if not kept.get(s, Mark()).position]
    segment_rows = segment_rows if schema >= SEGMENTS_SINCE else 0
    offers = segments.on_offer(session, fresh) if schema >= SEGMENTS_SINCE else {}
    to_read: list[tuple[Stream, Mark]] = []
    for stream in granted:
        if stream in standings:
            mark = kept.get(stream, Mark(0, head.position))
            if stream in kept:
                draft.marks[stream] = mark
            if stream in offers:
                draft.offer(stream, offers[stream], mark.as_of, link)
            elif stream in behind:
                if stream in fresh and 0 < segment_rows <= standings[stream].checksum.count:
                    draft.segment_candidates.append(stream)
                to_read.append((stream, mark))
            else:
                draft.marks[stream] = Mark(head.position)
    draft.read(session, to_read)
    # 5. The cursor names exactly the streams whose rows the device may now hold.
    idle = not (cursor_text is None or reset or drop or behind)
    return draft.render(drop=drop, reset=reset, check=_check(draft.marks, standings), idle=idle, now=now)


def _rebase(asked: Cursor, head: Head, standings: Mapping[Stream, StreamState]) -> Cursor:
    """Return where a device of another epoch stands if it keeps the streams that it had read to their end.

    Whether its rows are those of this history, checksums will tell.
    """
    whole = [s for s, mark in asked.marks.items() if mark.position >= mark.as_of and mark.position]
    return Cursor(head.epoch, head.position, {s: Mark(head.position) for s in whole if s in standings})


def _missed(mark: Mark, standings: Mapping[Stream, StreamState], stream: Stream) -> bool:
    """Say whether tombstones that the device needs are gone."""
    return stream in standings and mark.covered < standings[stream].floor


def _check(named: Collection[Stream], standings: Mapping[Stream, StreamState]) -> Checksum:
    return Checksum.total(standings[stream].checksum for stream in named)
