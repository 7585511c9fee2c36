"""History 11: a failover or an impatient worker hands one document to the ERP twice (design section 7)."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.delivery import connector_profile, sending_hold
from backend.delivery.reconciliation.reconcile import reconcile
from backend.delivery.transfer import Transfer
from backend.erp.records import Document, ErpDocument
from backend.feed import positions
from backend.inbox.models import Attempt
from backend.settings import Settings
from backend.sync.push import push
from tests.eventually import SECONDS
from tests.stateful.histories.conftest import CopyDatabase
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.delivery.recording_erp import RecordingErp
from tests.unit.sync.company import master_data, order_body, reps, submission

ID = "01KAQ5P3E8Q2V4B6N8M0D2F4H6"
QUIET = 3600.0
"""Longer than a lease: the ERP may take its time, and a worker's silence proves nothing."""


class SlowErp(RecordingErp):
    """An ERP whose first `create` is executed only when the test says so."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, quiet=QUIET)
        self.create_called, self.go = threading.Event(), threading.Event()

    def create(self, document: Document) -> ErpDocument:
        if not self.create_called.is_set():
            self.create_called.set()
            assert self.go.wait(SECONDS), "nobody let the ERP continue"
        return super().create(document)


@pytest.fixture
def inbox(sessions: Sessions, clock: ManualClock, settings: Settings, tmp_path: Path) -> Iterator[InboxFixture]:
    """A company whose ERP does not enforce our key."""
    reps(sessions)
    master_data(sessions)
    yield InboxFixture(sessions, clock, settings, RecordingErp(tmp_path / "erp", quiet=QUIET))


def the_tail_is_lost(
    inbox: InboxFixture,
    copy_database: CopyDatabase,
    *,
    with_the_push: bool,
    reconciled: bool = False,
    noticed: bool = True,
) -> list[str]:
    """Forwarded; the tail of the database is lost, attempts and all; the phone pushes again.

    *noticed*: a new epoch begins. Nobody notices that a file or a virtual machine was put back.
    """
    standby = copy_database(inbox.sessions) if with_the_push else None
    _phone_pushes(inbox)
    standby = standby or copy_database(inbox.sessions)
    inbox.forwarder("old").drain()
    assert inbox.erp.created(ID) == 1

    inbox.sessions = standby
    with standby() as session, session.begin():
        assert session.scalar(select(func.count()).select_from(Attempt)) == 0
        if noticed:
            positions.new_epoch(session)
    _phone_pushes(inbox)
    if reconciled:
        _reconcile(inbox)
    if noticed:
        _let_go_on(inbox)
        inbox.later(seconds=QUIET)
        inbox.check_returned()
    inbox.forwarder("new").drain()
    return _damage(inbox)


def _reconcile(inbox: InboxFixture) -> None:
    """Ask the ERP; what it has must be settled by that alone."""
    since = inbox.clock.now() - timedelta(days=1)
    reconcile(inbox.sessions, inbox.erp, clock=inbox.clock, kinds={"order"}, since=since)


def _let_go_on(inbox: InboxFixture) -> None:
    now = inbox.clock.now()
    assert inbox.forwarder("new").drain() == 0, "it is sent although the ERP was not asked yet"
    with inbox.sessions() as session, session.begin():
        hold = sending_hold.in_force(session)
        assert hold is not None
        sending_hold.release(session, hold, "user:test", now, {})


def the_lease_runs_out_while_the_erp_works(inbox: InboxFixture) -> list[str]:
    """The first worker's `create` is under way when its lease runs out; then the ERP executes it."""
    erp = SlowErp(inbox.erp.folder)
    inbox.erp = erp
    _phone_pushes(inbox)
    first = threading.Thread(target=inbox.forward_one, args=("first",), daemon=True)
    first.start()
    assert erp.create_called.wait(SECONDS), "the first worker never asked the ERP"
    inbox.later(seconds=inbox.settings.lease_seconds + 1)
    inbox.forwarder("second").drain()
    erp.go.set()
    first.join(SECONDS)
    assert not first.is_alive()
    inbox.later(seconds=QUIET)
    inbox.forwarder("second").drain()
    return _damage(inbox)


def _phone_pushes(inbox: InboxFixture) -> None:
    now = inbox.clock.now()
    documents: list[Any] = [submission(ID, order_body())]
    with inbox.sessions() as session, session.begin():
        (result,) = push(session, rep_id="R1", device_id="D1", submissions=documents, now=now)
    assert result["status"] in ("received", "duplicate"), result


def _damage(inbox: InboxFixture) -> list[str]:
    documents, row = inbox.erp.created(ID), inbox.row(ID)
    damage = [] if documents == 1 else [f"the ERP has {documents} documents for one submission"]
    if (row.state, row.erp_id) != ("accepted", "1"):
        damage.append(f"the submission is {row.state}, bound to {row.erp_id}")
    return damage


@pytest.mark.parametrize("with_the_push", [True, False])
def test_after_a_failover_the_erp_is_asked_and_the_document_found(
    inbox: InboxFixture, copy_database: CopyDatabase, with_the_push: bool
) -> None:
    assert the_tail_is_lost(inbox, copy_database, with_the_push=with_the_push) == []


@pytest.mark.parametrize("with_the_push", [True, False])
def test_after_a_failover_reconciling_settles_what_was_sent_before_anything_is_sent(
    inbox: InboxFixture, copy_database: CopyDatabase, with_the_push: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Even a forwarder that does not ask first has nothing left to double.
    find_only_what_was_attempted(monkeypatch)
    assert the_tail_is_lost(inbox, copy_database, with_the_push=with_the_push, reconciled=True) == []


@pytest.mark.parametrize("with_the_push", [True, False])
def test_after_a_restore_that_nobody_noticed_the_erp_is_asked_before_it_gets_a_document(
    inbox: InboxFixture, copy_database: CopyDatabase, with_the_push: bool
) -> None:
    assert the_tail_is_lost(inbox, copy_database, with_the_push=with_the_push, noticed=False) == []


@pytest.mark.parametrize("with_the_push", [True, False])
def test_without_find_before_create_a_restore_that_nobody_noticed_doubles_the_document(
    inbox: InboxFixture, copy_database: CopyDatabase, with_the_push: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_only_what_was_attempted(monkeypatch)
    damage = the_tail_is_lost(inbox, copy_database, with_the_push=with_the_push, noticed=False)
    assert damage[0] == "the ERP has 2 documents for one submission"


def test_a_worker_waits_out_the_quiet_period_before_it_takes_over(inbox: InboxFixture) -> None:
    assert the_lease_runs_out_while_the_erp_works(inbox) == []


def test_a_lease_taken_over_before_the_quiet_period_doubles_the_document(
    inbox: InboxFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_over_at_once(monkeypatch)
    damage = the_lease_runs_out_while_the_erp_works(inbox)
    assert damage[0] == "the ERP has 2 documents for one submission"


def find_only_what_was_attempted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask the ERP for our key only where our own database knows of an earlier attempt."""
    real = Transfer._look_up

    def find(self: Transfer, document: Document) -> ErpDocument | None:
        with self.sessions() as session:
            earlier = (Attempt.submission_id == document.id) & (Attempt.id != self.attempts._attempt)
            attempted = session.scalar(select(Attempt.id).where(earlier).limit(1))
        return real(self, document) if attempted else None

    monkeypatch.setattr(Transfer, "_look_up", find)


def take_over_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an open outcome rest for no time at all."""
    real = connector_profile.build_profile

    def impatient(*arguments: Any) -> connector_profile.ConnectorProfile:
        return replace(real(*arguments), quiet=timedelta(0))

    monkeypatch.setattr(connector_profile, "build_profile", impatient)
