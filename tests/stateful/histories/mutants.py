"""Rules weakened from outside, for the histories and for the random search: nothing here is a switch of the
product. Each takes away the smallest thing that makes the rule."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from sqlalchemy.orm import Session

from backend.feed import reading
from backend.sync import page, pull, subscriptions
from backend.sync.subscriptions import Subscriptions
from sync_protocol.change import Stream
from sync_protocol.cursor import Cursor, Mark
from sync_protocol.device.store import replica as reference
from tests.unit.sync.minimal_replica import MinimalReplica
from tests.unit.sync.replica import Replica


def make_the_cursor_one_per_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the server see one position per channel in every cursor, whatever streams it names."""
    granted: list[Stream] = []
    understood, decode = subscriptions.supported, pull.decode_cursor

    def remember(subscriptions_of_rep: Subscriptions, schema: int) -> list[Stream]:
        granted[:] = understood(subscriptions_of_rep, schema)
        return list(granted)

    def one_per_channel(text: str) -> Cursor:
        cursor = decode(text)
        channels: dict[str, Mark] = {}
        for (channel, _), mark in cursor.marks.items():
            channels[channel] = max(channels.get(channel, mark), mark)
        named = {(channel, name): channels[channel] for channel, name in granted if channel in channels}
        channels_granted = {channel for channel, _ in granted}
        left = {stream: mark for stream, mark in cursor.marks.items() if stream[0] not in channels_granted}
        return replace(cursor, marks={**named, **left})

    monkeypatch.setattr(subscriptions, "supported", remember)
    monkeypatch.setattr(pull, "decode_cursor", one_per_channel)


def apply_every_page(monkeypatch: pytest.MonkeyPatch, *, keep_newer_cursor: bool) -> None:
    """Take the cursor check from both devices: whatever arrives is wanted."""
    minimal, real = MinimalReplica.apply_page, reference.apply

    def minimal_applies(self: MinimalReplica, page: Any, cursor_sent: str | None) -> bool:
        cursor, late = self.cursor, cursor_sent != self.cursor
        applied = minimal(self, page, self.cursor)
        if late and keep_newer_cursor:
            self.cursor = cursor
        return applied

    def reference_applies(db: Any, page: Any, requested: reference.SyncState, now: str) -> Any:
        state = reference.sync_state(db)
        done = real(db, page, state, now)
        if requested.cursor != state.cursor and keep_newer_cursor:
            with db.writing():
                db.run("UPDATE sync_state SET cursor = ?", state.cursor)
        return done

    monkeypatch.setattr(MinimalReplica, "apply_page", minimal_applies)
    monkeypatch.setattr(reference, "apply", reference_applies)


def do_not_compare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the checksum from the minimal replica: whatever it holds is what the server said.

    Without this the first complete page already shows that something is damaged, but not what.
    """
    monkeypatch.setattr(Replica, "equals", lambda self, check: True)


def guess_whether_more_is_behind(monkeypatch: pytest.MonkeyPatch, guess: Sequence[Any]) -> None:
    """Answer the look behind a full page with *guess* instead of looking.

    The rows are read two at a time, so that a page is full just when the rows at hand are used up.
    """
    real = reading.rows_after
    monkeypatch.setattr(page, "ROWS_AT_ONCE", 2)

    calls = count()

    def rows_after(session: Session, marks: Sequence[tuple[Stream, int]], limit: int) -> Any:
        # These pages are full when the rows of the first look are used up; the second looks behind them.
        return guess if next(calls) % 2 else real(session, marks, limit)

    monkeypatch.setattr(reading, "rows_after", rows_after)
