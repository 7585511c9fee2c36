"""Counter-proofs: known histories without their rule. Each leaves exactly the damage that is named here.

A rule is patched away from outside, in the product or in both phones: nothing here is a switch of the product.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from backend.feed import compaction, positions
from backend.feed.positions import Head
from backend.sync import page, pull, subscriptions
from sync_protocol.cursor import Cursor, Mark
from sync_protocol.device.store.database import Database
from tests.stateful.search import known_histories as known
from tests.stateful.search import known_restores as restores
from tests.stateful.search.history_steps import History
from tests.unit.sync.minimal_replica import MinimalReplica

Patch = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class CounterProof:
    """*damage* is how the phone of R1 differs from the server when *history* fails without the rule."""

    history: History
    without: Patch
    damage: Sequence[str]


def a_cursor_that_remembers_its_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Mark, "covered", property(lambda mark: mark.position))


def a_look_at_the_floor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull, "_missed", lambda mark, states, stream: False)


def a_cursor_that_carries_its_head(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(epoch: str, position: int = 0, marks: Any = None) -> Cursor:
        return Cursor(epoch, 0, marks or {})

    monkeypatch.setattr(page, "Cursor", forgetful)


def a_cursor_that_says_how_old_its_segments_are(monkeypatch: pytest.MonkeyPatch) -> None:
    def young(epoch: str, position: int = 0, marks: Any = None) -> Cursor:
        return Cursor(
            epoch, position, {s: Mark(m.position, max(m.as_of, position) * 2) for s, m in marks.items()}
        )

    monkeypatch.setattr(page, "Cursor", young)


def a_cursor_that_names_what_it_offers(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless(epoch: str, position: int = 0, marks: Any = None) -> Cursor:
        return Cursor(epoch, position, {stream: mark for stream, mark in marks.items() if mark.position})

    monkeypatch.setattr(page, "Cursor", nameless)


def a_floor_that_waits_for_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "_limit", lambda session, stream, horizon: horizon)


def a_new_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(positions, "new_epoch", lambda session: "the old one")


def a_server_that_looks_at_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    head, for_rep = positions.head, subscriptions.for_rep
    monkeypatch.setattr(positions, "head", lambda session: Head("any", head(session).position))
    monkeypatch.setattr(
        subscriptions,
        "for_rep",
        lambda session, rep: replace(for_rep(session, rep), head=positions.head(session)),
    )


def a_reset_of_rows_and_positions(monkeypatch: pytest.MonkeyPatch) -> None:
    _on_a_reset(monkeypatch, "SELECT 1", lambda rows: rows)


def a_reset_that_drops_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows stay, at position zero."""
    _on_a_reset(
        monkeypatch,
        "UPDATE record SET position = 0",
        lambda rows: {ref: (channel, 0, record) for ref, (channel, _, record) in rows.items()},
    )


def _on_a_reset(monkeypatch: pytest.MonkeyPatch, statement: str, keep: Any) -> None:
    """Let both phones do something else on a reset than delete their rows."""
    apply_page, run = MinimalReplica.apply_page, Database.run

    def minimal_applies(self: MinimalReplica, page: Any, cursor_sent: str | None) -> bool:
        if page["reset"] == "epoch_changed":
            self.rows = keep(dict(self.rows))
            page = {**page, "reset": None}
        return apply_page(self, page, cursor_sent)

    def reference_runs(self: Database, sql: str, *values: Any) -> int:
        return run(self, statement if sql == "DELETE FROM record" else sql, *values)

    monkeypatch.setattr(MinimalReplica, "apply_page", minimal_applies)
    monkeypatch.setattr(Database, "run", reference_runs)


_RESTORED = restores.history_7_an_app_of_revision_1_begins_again_after_a_restore
_LOST = ["customers 2 should not be there", "orders 2 should not be there"]
_OLD_AND_LOST = ["customers 1 is old", _LOST[0], "customers 3 is old", _LOST[1]]

COUNTER_PROOFS = [
    CounterProof(
        known.history_2_the_first_page_ends_below_the_floor,
        a_cursor_that_remembers_its_snapshot,
        ["customers 3 is missing", "orders 1 is missing", "orders 3 is missing"],
    ),
    CounterProof(
        known.the_horizon_sends_only_phones_back_that_missed_a_tombstone,
        a_look_at_the_floor,
        ["customers 1 should not be there", "orders 1 should not be there"],
    ),
    CounterProof(
        known.history_4_a_standby_that_is_behind_says_not_yet,
        a_cursor_that_carries_its_head,
        ["customers 1 is missing"],
    ),
    CounterProof(
        known.history_6_half_of_the_segments_then_the_set_is_gone_and_its_tombstones_too,
        a_cursor_that_says_how_old_its_segments_are,
        ["customers 1 should not be there", "orders 1 should not be there"],
    ),
    CounterProof(
        known.history_6_half_of_the_segments_then_the_channel_is_taken_away,
        a_cursor_that_names_what_it_offers,
        ["customers 1 should not be there"],
    ),
    CounterProof(
        known.history_6_the_floor_waits_for_the_set_on_offer,
        a_floor_that_waits_for_sets,
        ["customers 1 should not be there"],
    ),
    CounterProof(
        known.history_6_the_floor_waits_for_a_retired_set_that_may_be_fetched,
        a_floor_that_waits_for_sets,
        [],  # it ends equal, but the phone had to begin again
    ),
    CounterProof(_RESTORED, a_new_epoch, _OLD_AND_LOST),
    CounterProof(_RESTORED, a_server_that_looks_at_epochs, _OLD_AND_LOST),
    CounterProof(_RESTORED, a_reset_of_rows_and_positions, _OLD_AND_LOST),
    CounterProof(_RESTORED, a_reset_that_drops_rows, _LOST),
]
