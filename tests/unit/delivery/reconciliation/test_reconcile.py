"""Reconciling: our memory is older than what was sent, and the ERP tells what it has."""

import datetime as dt

import pytest
from sqlalchemy import select, update

from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.delivery import sending_hold
from backend.delivery.reconciliation.reconcile import newest_memory, reconcile
from backend.delivery.reconciliation.report import Report
from backend.feed import positions
from backend.feed.models import FeedHead
from backend.identity import audit
from backend.inbox.models import Attempt, Binding
from sync_protocol.submission import State
from tests.conftest import MONDAY
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.delivery.recording_erp import KINDS


def reconcile_now(inbox: InboxFixture, *, dry_run: bool = False) -> Report:
    return reconcile(
        inbox.sessions,
        inbox.erp,
        clock=inbox.clock,
        kinds=KINDS,
        since=MONDAY - dt.timedelta(days=1),
        dry_run=dry_run,
    )


def restore(inbox: InboxFixture) -> None:
    with inbox.sessions() as session, session.begin():
        positions.new_epoch(session)


def forget_attempt(inbox: InboxFixture, id: str, state: State = State.QUEUED) -> None:
    """Let our database be as it was before *id* was sent."""
    sending = state is State.SENDING
    inbox.change(
        id, state=state.value, erp_id=None, erp_number=None, last_sent_at=None, due_at=inbox.clock.now(),
        lease_owner="w-old" if sending else None, lease_until=inbox.clock.now() if sending else None,
    )  # fmt: skip
    with inbox.sessions() as session, session.begin():
        for binding in session.scalars(select(Binding).where(Binding.local_id == id)):
            session.delete(binding)


def in_the_erp(inbox: InboxFixture, state: State = State.QUEUED) -> str:
    """Return a document that the ERP accepted and that we have forgotten."""
    id = inbox.capture()
    inbox.forwarder().drain()
    assert inbox.states(id) == ["accepted"]
    forget_attempt(inbox, id, state)
    return id


@pytest.mark.parametrize("state", [State.QUEUED, State.RECEIVED, State.SENDING, State.UNKNOWN])
def test_reconciling_settles_documents_with_their_erp_number(inbox: InboxFixture, state: State) -> None:
    id = in_the_erp(inbox, state)
    sent = len(inbox.erp.executed)
    report = reconcile_now(inbox)
    assert (report.settled, report.clean) == (1, True)
    row = inbox.row(id)
    assert (row.state, row.erp_id, row.erp_number) == ("accepted", "1", "SO1")
    assert inbox.bindings(id) == [("order", "1")]
    assert inbox.record(id)["erp_number"] == "SO1"
    assert len(inbox.erp.executed) == sent


def test_reconciling_leaves_a_draft_to_the_forwarder(
    inbox: InboxFixture,
) -> None:
    id = inbox.capture()
    inbox.erp.script("advance", "timeout")
    inbox.forwarder().drain()
    forget_attempt(inbox, id)
    inbox.erp.script("advance", "ok")
    assert reconcile_now(inbox).settled == 1
    assert inbox.states(id) == ["unknown"]  # so that the rep can neither withdraw nor replace it
    inbox.forwarder().drain()
    assert (inbox.states(id), inbox.erp.created(id)) == (["accepted"], 1)


def test_a_missing_document_is_sent_when_sending_resumes(
    inbox: InboxFixture,
) -> None:
    id = inbox.capture()
    report = reconcile_now(inbox)
    assert (report.waiting, report.clean) == (1, True)
    assert inbox.states(id) == ["queued"]
    inbox.forwarder().drain()
    assert inbox.erp.created(id) == 1


def test_a_document_that_the_erp_has_twice_goes_to_the_office(inbox: InboxFixture) -> None:
    id = in_the_erp(inbox)
    inbox.erp.script("find", "twice")
    report = reconcile_now(inbox)
    assert (report.doubled, report.clean) == (1, False)
    assert id in report.lines[0]
    assert (inbox.states(id), inbox.row(id).owner) == (["parked"], "office")


def test_reconciling_reports_accepted_documents_that_are_missing(inbox: InboxFixture) -> None:
    there, lost = inbox.capture(), inbox.capture(customer="C2")
    inbox.forwarder().drain()
    assert reconcile_now(inbox).found == 2
    inbox.erp.script("find", "ok", "blind")
    report = reconcile_now(inbox)
    assert (report.found, report.missing, report.clean) == (1, 1, False)
    assert report.lines[0].startswith(lost)
    assert inbox.states(there, lost) == ["accepted", "accepted"]


def test_a_lookup_without_an_answer_stays_open(inbox: InboxFixture) -> None:
    id = in_the_erp(inbox)
    for trouble in ("503", "garbage"):
        inbox.erp.script("find", trouble)
        report = reconcile_now(inbox)
        assert (report.unchecked, report.clean) == (1, False)
        assert inbox.states(id) == ["queued"]


def test_a_document_that_is_being_sent_is_left_to_its_worker(inbox: InboxFixture) -> None:
    id = in_the_erp(inbox, State.SENDING)
    inbox.change(id, lease_until=inbox.clock.now() + dt.timedelta(minutes=2))
    assert reconcile_now(inbox).unchecked == 1
    assert inbox.states(id) == ["sending"]


def test_a_dry_run_changes_nothing(inbox: InboxFixture) -> None:
    id = in_the_erp(inbox)
    assert reconcile_now(inbox, dry_run=True).settled == 1
    assert inbox.states(id) == ["queued"]


def test_reconciling_again_settles_nothing_twice(inbox: InboxFixture) -> None:
    in_the_erp(inbox)
    assert reconcile_now(inbox).settled == 1
    second_report = reconcile_now(inbox)
    assert (second_report.settled, second_report.found) == (0, 1)


def test_nothing_is_sent_from_a_restore_to_its_reconciliation(inbox: InboxFixture, clock: ManualClock) -> None:
    id = inbox.capture()
    restore(inbox)
    assert inbox.forwarder().drain() == 0
    assert (inbox.erp.calls, inbox.states(id)) == ([], ["queued"])
    counts = reconcile_now(inbox).counts()
    with inbox.sessions() as session, session.begin():
        hold = sending_hold.check(session, clock.now())
        assert hold is not None and "a backup was restored" in hold.message
        assert sending_hold.release(session, hold, "user:test", clock.now(), counts)
        assert not sending_hold.release(session, hold, "user:test", clock.now(), {})
    assert (inbox.forwarder().drain(), inbox.states(id)) == (0, ["received"])
    inbox.later(seconds=31)  # until then a call from before the restore may still be executed
    inbox.check_returned()
    assert inbox.states(id) == ["queued"]
    assert inbox.forwarder().drain() == 1
    with inbox.sessions() as session:
        trail = [(entry.action, entry.actor) for entry in audit.entries(session, subject=hold.subject)]
    assert trail == [("epoch.reconciled", "user:test"), ("epoch.begun", "server")]


def test_phones_are_served_and_stored_while_sending_is_held(inbox: InboxFixture) -> None:
    restore(inbox)
    id = inbox.capture()
    assert inbox.record(id)["state"] == "queued"
    inbox.forwarder().drain()
    with inbox.sessions() as session:
        assert session.scalars(select(Attempt)).all() == []


def test_a_forwarder_on_a_promoted_server_sends_nothing(inbox: InboxFixture) -> None:
    id = inbox.capture()
    with inbox.sessions() as session, session.begin():
        session.execute(update(FeedHead).values(lineage="of another server"))
    # Nobody has published since: the forwarder itself is the first to notice.
    assert inbox.forwarder().drain() == 0
    assert (inbox.erp.calls, inbox.states(id)) == ([], ["queued"])
    with inbox.sessions() as session:
        hold = sending_hold.in_force(session)
    assert hold is not None and hold.cause == "lineage"


def test_a_new_installation_holds_nothing(sessions: Sessions) -> None:
    with sessions() as session:
        assert sending_hold.in_force(session) is None
        assert newest_memory(session) is None


def test_the_forwarder_finishes_an_open_document_with_a_draft(
    inbox: InboxFixture,
) -> None:
    id = inbox.capture()
    inbox.erp.script("advance", "timeout")
    inbox.forwarder().drain()
    assert inbox.states(id) == ["unknown"]
    inbox.erp.script("advance", "ok")
    report = reconcile_now(inbox)
    assert (report.settled, report.clean, inbox.states(id)) == (1, True, ["unknown"])
    inbox.forwarder().drain()
    assert (inbox.states(id), inbox.erp.created(id)) == (["accepted"], 1)
