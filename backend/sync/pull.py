"""Pull: what has changed for a rep since a cursor. The steps are those of docs/protocol.md.

One page is one snapshot: the caller has begun the transaction with `snapshot()`. `complete` is said
only if nothing above the returned cursor remains in that snapshot.
"""

import datetime as dt
import json
from dataclasses import dataclass, field
from hashlib import sha256

from sqlalchemy.orm import Session

from backend.clock import instant
from backend.feed import positions, reading
from backend.identity import access
from sync_protocol.change import Stream
from sync_protocol.cursor import Cursor, decode_cursor
from sync_protocol.limits import LIMITS
from sync_protocol.pull import RESET_EPOCH

ROWS_AT_ONCE = 500


class NotYet(RuntimeError):
    """This server is behind what the device has seen; it must not say "no changes"."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("this server is behind what you have seen")
        self.retry_after = retry_after


@dataclass(frozen=True)
class Page:
    """A page as it travels, and what HTTP needs to know of it."""

    body: bytes
    cursor: str
    idle: bool
    """Nothing has changed since the cursor that was asked with."""
    poll_after: int

    @property
    def etag(self) -> str:
        """The tag of what a device holds that has applied this page."""
        return etag_of(self.cursor)


def etag_of(cursor: str) -> str:
    """Return the tag that stands for holding everything up to *cursor*."""
    return sha256(cursor.encode()).hexdigest()[:32]


@dataclass
class _Draft:
    """The page under way: rows are already JSON text and are joined, never parsed."""

    budget: int
    changes: list[str] = field(default_factory=list)
    positions: dict[Stream, int] = field(default_factory=dict)
    complete: bool = True


def pull(
    session: Session,
    *,
    rep_id: str,
    cursor_text: str | None,
    schema: int,
    limit_bytes: int | None,
    now: dt.datetime,
) -> Page:
    """Return the page that follows *cursor_text* (None: from the start).

    Raises `CursorInvalid` for a cursor that is not ours and `NotYet` where this server is behind it.
    """
    # 1. The head and the grants, in the page's own snapshot.
    head = positions.head(session)
    granted = access.streams(session, rep_id, schema)
    # 2. Epoch and `seen` come before anything else.
    asked = decode_cursor(cursor_text) if cursor_text else None
    reset = asked is not None and asked.epoch != head.epoch
    held = Cursor(head.epoch) if asked is None or reset else asked
    if held.seen > head.position:
        raise NotYet(LIMITS.poll_after_seconds // 4)
    # 3. Streams the cursor names and the rep no longer hears are dropped.
    drop = sorted(set(held.positions) - set(granted))
    # 4. Streams with news are read one at a time, in the order phones need them.
    heads = reading.heads(session, sorted({channel for channel, _ in granted}))
    draft = _Draft(LIMITS.page_bytes_within(limit_bytes))
    behind = [stream for stream in granted if heads.get(stream, 0) > held.position(stream)]
    for stream in granted:
        if stream in heads and stream not in behind:
            draft.positions[stream] = head.position
    for stream in behind:
        _read_stream(session, stream, held.position(stream), head.position, draft)
    # 5. The cursor names exactly the streams whose rows the device may now hold.
    cursor = Cursor(head.epoch, head.position, draft.positions).encode()
    idle = not (asked is None or reset or drop or behind)
    page = _render(head, cursor, draft, drop, reset, now)
    return Page(page, cursor, idle, LIMITS.poll_after_seconds)


def _read_stream(session: Session, stream: Stream, position: int, head: int, draft: _Draft) -> None:
    """Read *stream* from *position* until its end or until the page is full."""
    put: list[str] = []
    gone: list[str] = []
    while draft.budget > 0:
        rows = reading.rows_after(session, stream, position, ROWS_AT_ONCE)
        for row in rows:
            if draft.budget <= 0:
                break
            position = row.position
            if row.body is None:
                gone.append(f"[{row.position},{json.dumps(row.key)}]")
            else:
                put.append(f"[{row.position},{row.body}]")
            draft.budget -= len(row.body or row.key) + 16
        else:
            if len(rows) < ROWS_AT_ONCE:
                position = head
                break
    else:
        # The page is full. Whether the stream is at its end is asked, not guessed: a page that ends
        # exactly at the limit would otherwise be followed by an empty one for ever.
        if not reading.rows_after(session, stream, position, 1):
            position = head
        else:
            draft.complete = False
    if position:
        draft.positions[stream] = position
    if put or gone:
        channel, collection = (json.dumps(name, ensure_ascii=False) for name in stream)
        draft.changes.append(
            f'{{"channel":{channel},"collection":{collection},"put":[{",".join(put)}],"gone":[{",".join(gone)}]}}'
        )


def _render(
    head: positions.Head, cursor: str, draft: _Draft, drop: list[Stream], reset: bool, now: dt.datetime
) -> bytes:
    before = json.dumps(
        {
            "epoch": head.epoch,
            "cursor": cursor,
            "complete": draft.complete,
            "reset": RESET_EPOCH if reset else None,
            "drop": drop,
            "server_time": instant(now),
            "poll_after": LIMITS.poll_after_seconds,
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )
    return f'{before[:-1]},"changes":[{",".join(draft.changes)}]}}'.encode()
