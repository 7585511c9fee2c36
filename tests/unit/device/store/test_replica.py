"""The rules of a page, one by one. Each of these fails when its rule is weakened."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sync_protocol.device.errors import ContractBroken
from sync_protocol.device.page import read_page
from sync_protocol.device.store import replica
from sync_protocol.device.store.database import Database
from sync_protocol.device.store.replica import Applied, SyncState

A, B = "territory:A", "territory:B"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "replica.sqlite3")
    yield database
    database.close()


def page(cursor: str, *changes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "epoch": "e1", "cursor": cursor, "complete": True, "head": 99, "reset": None, "drop": [],
        "changes": list(changes), "segments": [], "then": None, "check": {"count": 0, "sum": "0" * 16},
        "server_time": "2026-11-23T09:00:00Z", "poll_after": 60,
    } | more  # fmt: skip


def put(channel: str, position: int, key: str, collection: str = "customers", **more: Any) -> dict[str, Any]:
    record = {"id": key, "name": f"{key}@{position}"} | more
    return {"channel": channel, "collection": collection, "put": [[position, record]], "gone": []}


def gone(channel: str, position: int, key: str, collection: str = "customers") -> dict[str, Any]:
    return {"channel": channel, "collection": collection, "put": [], "gone": [[position, key]]}


def apply(db: Database, value: dict[str, Any], state: SyncState | None = None) -> Applied:
    return replica.apply(db, read_page(value, None), state or replica.sync_state(db), "2026-11-23T09:00:00Z")


def names(db: Database, collection: str = "customers") -> dict[str, str]:
    return {record["id"]: record["name"] for record in replica.records(db, collection)}


def test_a_late_page_does_not_resurrect_a_record(db: Database) -> None:
    """History 3."""
    at_first = replica.sync_state(db)
    late = page("c1", put(A, 1, "k"))
    apply(db, page("c2", put(A, 1, "k")))
    apply(db, page("c3", gone(A, 2, "k")))
    assert not apply(db, late, state=at_first).applied
    assert names(db) == {}
    assert replica.sync_state(db).cursor == "c3"


def test_a_page_from_before_the_cursor_was_dropped_is_thrown_away(db: Database) -> None:
    state_at_the_start = replica.sync_state(db)
    replica.forget_cursor(db, state_at_the_start)
    assert not apply(db, page("c1", put(A, 1, "k")), state=state_at_the_start).applied


def test_a_new_epoch_replaces_everything_whatever_the_positions(db: Database) -> None:
    """History 7: k@2 of the old epoch must not win over k@2 of the new one."""
    apply(db, page("c1", put(A, 2, "k"), put(A, 9, "only in the old one")))
    new = page("c2", put(A, 2, "k", name="rewritten"), epoch="e2", reset="epoch_changed")
    assert apply(db, new).reset
    assert names(db) == {"k": "rewritten"}
    assert replica.sync_state(db).epoch == "e2"


def test_an_epoch_that_changes_without_a_reset_is_refused_and_changes_nothing(db: Database) -> None:
    apply(db, page("c1", put(A, 1, "k")))
    with pytest.raises(ContractBroken):
        apply(db, page("c2", put(A, 2, "k"), epoch="e2"))
    assert names(db) == {"k": "k@1"}
    assert replica.sync_state(db).cursor == "c1"


def test_drop_comes_before_the_puts_of_the_same_page(db: Database) -> None:
    """A stream that starts again is dropped and sent again in one page."""
    apply(db, page("c1", put(A, 5, "k"), put(A, 6, "stale")))
    apply(db, page("c2", put(A, 5, "k"), drop=[[A, "customers"]]))
    assert names(db) == {"k": "k@5"}


def test_drop_takes_only_its_own_stream(db: Database) -> None:
    apply(db, page("c1", put(A, 1, "a"), put(B, 2, "b"), put(A, 3, "o", "orders", customer_id="a")))
    apply(db, page("c2", drop=[[A, "customers"]]))
    assert names(db) == {"b": "b@2"}
    assert names(db, "orders") == {"o": "o@3"}


def test_a_put_below_the_held_position_is_ignored(db: Database) -> None:
    apply(db, page("c1", put(A, 5, "k")))
    apply(db, page("c2", put(B, 4, "k")))
    assert names(db) == {"k": "k@5"}


def test_a_put_replaces_the_record_whatever_its_channel(db: Database) -> None:
    apply(db, page("c1", put(A, 1, "k")))
    apply(db, page("c2", put(B, 2, "k")))
    apply(db, page("c3", drop=[[A, "customers"]]))
    assert names(db) == {"k": "k@2"}


def test_a_tombstone_of_another_channel_does_not_remove_the_record(db: Database) -> None:
    """A record moved from A to B; the tombstone of A has the higher position and comes last."""
    apply(db, page("c1", put(B, 2, "k")))
    apply(db, page("c2", gone(A, 3, "k")))
    assert names(db) == {"k": "k@2"}


def test_a_tombstone_below_the_held_position_does_not_remove_the_record(db: Database) -> None:
    apply(db, page("c1", put(A, 5, "k")))
    apply(db, page("c2", gone(A, 4, "k")))
    assert names(db) == {"k": "k@5"}


def test_a_move_within_one_page_leaves_the_record_in_its_new_channel(db: Database) -> None:
    apply(db, page("c1", put(A, 1, "k")))
    apply(db, page("c2", gone(A, 3, "k"), put(B, 2, "k")))
    assert names(db) == {"k": "k@2"}


def test_the_same_key_in_two_collections_is_two_records(db: Database) -> None:
    apply(db, page("c1", put(A, 9, "k"), put(A, 1, "k", "orders", customer_id="k")))
    apply(db, page("c2", gone(A, 5, "k", "orders")))
    assert names(db) == {"k": "k@9"}
    assert names(db, "orders") == {}


def test_rows_stay_until_the_first_page_after_an_invalid_cursor(db: Database) -> None:
    apply(db, page("c1", put(A, 7, "kept"), put(A, 8, "stale")))
    replica.forget_cursor(db, replica.sync_state(db))
    assert set(names(db)) == {"kept", "stale"}
    apply(db, page("c2", put(A, 1, "kept")))
    assert names(db) == {"kept": "kept@1"}


def test_only_a_reply_to_the_current_cursor_may_drop_it(db: Database) -> None:
    before = replica.sync_state(db)
    apply(db, page("c1", put(A, 1, "k")))
    replica.forget_cursor(db, before)
    assert replica.sync_state(db).cursor == "c1"


@pytest.mark.parametrize(
    "broken",
    [
        None,
        [],
        {},
        page("c1") | {"cursor": 7},
        page("c1") | {"complete": "yes"},
        page("c1") | {"drop": [["territory:A"]]},
        page("c1") | {"drop": None},
        page("c1") | {"reset": "because"},
        page("c1", {"channel": A, "collection": "customers", "put": [[1]], "gone": []}),
        page("c1", {"channel": A, "collection": "customers", "put": [[1, {"name": "no key"}]], "gone": []}),
        page("c1", {"channel": A, "collection": "customers", "put": [["1", {"id": "k"}]], "gone": []}),
        page("c1", {"channel": A, "collection": "customers", "put": [[True, {"id": "k"}]], "gone": []}),
        page("c1", {"channel": A, "collection": "customers", "put": [], "gone": [[1, {"id": "k"}]]}),
        page("c1", {"channel": A, "collection": "customers", "put": [[2**53, {"id": "k"}]], "gone": []}),
    ],
)
def test_what_is_not_a_page_is_refused_before_anything_is_applied(broken: Any) -> None:
    with pytest.raises(ContractBroken):
        read_page(broken, None)


def test_a_page_may_have_fields_that_a_newer_server_added() -> None:
    newer = page("c1", put(A, 1, "k") | {"hint": 1}, note="hello")
    assert read_page(newer, None).put[0].key == "k"


def test_a_record_that_cannot_be_stored_changes_nothing(db: Database) -> None:
    apply(db, page("c1", put(A, 1, "k")))
    with pytest.raises(ContractBroken):
        apply(db, page("c2", put(A, 2, "k"), put(A, 3, "other", name="half a pair \ud800")))
    assert names(db) == {"k": "k@1"}
    assert replica.sync_state(db).cursor == "c1"
