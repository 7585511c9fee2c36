"""History 7: a backup is restored and positions begin to repeat (rule 8: epochs)."""

from dataclasses import replace
from typing import Any

import pytest

from backend.database.core import Sessions
from backend.feed import positions
from backend.feed.positions import Head
from backend.sync import subscriptions
from backend.sync.pull import NotYet
from sync_protocol.device.store.database import Database
from tests.stateful.histories.checks import differences, server_view
from tests.stateful.histories.conftest import CopyDatabase
from tests.stateful.histories.devices import Device, sync
from tests.unit.sync.company import customer, reps, say
from tests.unit.sync.replica import Replica

pytestmark = pytest.mark.both_dialects


def scenario(sessions: Sessions, copy_database: CopyDatabase, device: Device) -> list[str]:
    """The device holds k@2; the server is restored to head 1, and k is rewritten at a position up to 2."""
    say(sessions, customer("K", "NW"), customer("KEPT", "NW"))
    backup = copy_database(sessions)
    for n in range(4):
        say(sessions, customer("K", "NW", name=f"Lost version {n}"))
    say(sessions, customer("LOST", "NW"), customer("KEPT", "NW", name="Lost name"))
    sync(device)

    with backup() as session, session.begin():
        positions.new_epoch(session)  # what the restore command does
    device.sessions = backup
    say(backup, customer("K", "NW", name="Rewritten"))
    for n in range(10):  # until the restored server is past what the device has seen
        say(backup, customer("LATER", "NW", name=f"Version {n}"))
    try:
        sync(device)
    except NotYet:
        return ["the server is never past what the device has seen"]
    return differences(server_view(backup, "R1"), device.content())


@pytest.fixture(autouse=True)
def two_reps(sessions: Sessions) -> None:
    reps(sessions)


def test_after_a_restore_the_device_holds_what_the_restored_server_holds(
    sessions: Sessions, copy_database: CopyDatabase, device: Device
) -> None:
    assert scenario(sessions, copy_database, device) == []


def test_a_restore_without_a_new_epoch_leaves_lost_and_old_records_on_the_device(
    sessions: Sessions, copy_database: CopyDatabase, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(positions, "new_epoch", lambda session: "the old one")
    found = scenario(sessions, copy_database, device)
    assert found == ["customers K is old", "customers KEPT is old", "customers LOST should not be there"]


def test_a_server_that_ignores_epochs_leaves_lost_and_old_records_on_the_device(
    sessions: Sessions, copy_database: CopyDatabase, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, heard = positions.head, subscriptions.for_rep
    monkeypatch.setattr(positions, "head", lambda session: Head("any", real(session).position))
    monkeypatch.setattr(
        subscriptions,
        "for_rep",
        lambda session, rep: replace(heard(session, rep), head=positions.head(session)),
    )
    found = scenario(sessions, copy_database, device)
    assert found == ["customers K is old", "customers KEPT is old", "customers LOST should not be there"]


def test_a_device_that_keeps_its_rows_and_their_positions_ignores_the_restored_ones(
    sessions: Sessions, copy_database: CopyDatabase, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_a_reset(monkeypatch, "SELECT 1", lambda rows: rows)
    found = scenario(sessions, copy_database, device)
    assert found == ["customers K is old", "customers KEPT is old", "customers LOST should not be there"]


def test_a_device_that_keeps_its_rows_at_position_zero_keeps_what_was_lost(
    sessions: Sessions, copy_database: CopyDatabase, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_a_reset(
        monkeypatch,
        "UPDATE record SET position = 0",
        lambda rows: {ref: (channel, 0, record) for ref, (channel, _, record) in rows.items()},
    )
    assert scenario(sessions, copy_database, device) == ["customers LOST should not be there"]


def on_a_reset(monkeypatch: pytest.MonkeyPatch, statement: str, keep: Any) -> None:
    """Let both devices do something else on a reset than delete their rows."""
    apply, run = Replica.apply, Database.run

    def minimal_applies(self: Replica, page: Any, cursor_sent: str | None) -> Any:
        if b'"reset":"epoch_changed"' in page.body:
            self.rows = keep(dict(self.rows))
            page = replace(page, body=page.body.replace(b'"reset":"epoch_changed"', b'"reset":null'))
        return apply(self, page, cursor_sent)

    def reference_runs(self: Database, sql: str, *values: Any) -> int:
        return run(self, statement if sql == "DELETE FROM record" else sql, *values)

    monkeypatch.setattr(Replica, "apply", minimal_applies)
    monkeypatch.setattr(Database, "run", reference_runs)
