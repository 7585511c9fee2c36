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
from tests.delivery.desk import Desk
from tests.delivery.ledger_erp import KINDS


def ask(desk: Desk, *, dry_run: bool = False) -> Report:
    return reconcile(
        desk.sessions,
        desk.erp,
        clock=desk.clock,
        kinds=KINDS,
        since=MONDAY - dt.timedelta(days=1),
        dry_run=dry_run,
    )


def restore(desk: Desk) -> None:
    with desk.sessions() as session, session.begin():
        positions.new_epoch(session)


def forget(desk: Desk, id: str, state: State = State.QUEUED) -> None:
    """Let our database be as it was before *id* was sent."""
    sending = state is State.SENDING
    desk.change(
        id, state=state.value, erp_id=None, erp_number=None, last_sent_at=None, due_at=desk.clock.now(),
        lease_owner="w-old" if sending else None, lease_until=desk.clock.now() if sending else None,
    )  # fmt: skip
    with desk.sessions() as session, session.begin():
        for binding in session.scalars(select(Binding).where(Binding.local_id == id)):
            session.delete(binding)


def in_the_erp(desk: Desk, state: State = State.QUEUED) -> str:
    """Return a document that the ERP accepted and that we have forgotten."""
    id = desk.capture()
    desk.forwarder().drain()
    assert desk.states(id) == ["accepted"]
    forget(desk, id, state)
    return id


@pytest.mark.parametrize("state", [State.QUEUED, State.RECEIVED, State.SENDING, State.UNKNOWN])
def test_what_the_erp_has_is_settled_with_its_number_and_nothing_is_sent(desk: Desk, state: State) -> None:
    id = in_the_erp(desk, state)
    sent = len(desk.erp.ledger)
    report = ask(desk)
    assert (report.settled, report.clean) == (1, True)
    row = desk.row(id)
    assert (row.state, row.erp_id, row.erp_number) == ("accepted", "1", "SO1")
    assert desk.bindings(id) == [("order", "1")]
    assert desk.record(id)["erp_number"] == "SO1"
    assert len(desk.erp.ledger) == sent


def test_what_the_erp_has_half_done_is_not_queued_any_more_and_the_forwarder_finishes_it(desk: Desk) -> None:
    id = desk.capture()
    desk.erp.script("advance", "timeout")
    desk.forwarder().drain()
    forget(desk, id)
    desk.erp.script("advance", "ok")
    assert ask(desk).settled == 1
    assert desk.states(id) == ["unknown"]  # so that the rep can neither withdraw nor replace it
    desk.forwarder().drain()
    assert (desk.states(id), desk.erp.created(id)) == (["accepted"], 1)


def test_what_the_erp_does_not_have_stays_as_it_is_and_is_sent_when_sending_goes_on(desk: Desk) -> None:
    id = desk.capture()
    report = ask(desk)
    assert (report.waiting, report.clean) == (1, True)
    assert desk.states(id) == ["queued"]
    desk.forwarder().drain()
    assert desk.erp.created(id) == 1


def test_what_the_erp_has_twice_goes_to_the_office(desk: Desk) -> None:
    id = in_the_erp(desk)
    desk.erp.script("find", "twice")
    report = ask(desk)
    assert (report.doubled, report.clean) == (1, False)
    assert id in report.lines[0]
    assert (desk.states(id), desk.row(id).owner) == (["parked"], "office")


def test_what_we_believe_accepted_must_be_there(desk: Desk) -> None:
    there, lost = desk.capture(), desk.capture(customer="C2")
    desk.forwarder().drain()
    assert ask(desk).found == 2
    desk.erp.script("find", "ok", "blind")
    report = ask(desk)
    assert (report.found, report.missing, report.clean) == (1, 1, False)
    assert report.lines[0].startswith(lost)
    assert desk.states(there, lost) == ["accepted", "accepted"]


def test_an_erp_that_does_not_answer_leaves_it_open(desk: Desk) -> None:
    id = in_the_erp(desk)
    for trouble in ("503", "garbage"):
        desk.erp.script("find", trouble)
        report = ask(desk)
        assert (report.unclear, report.clean) == (1, False)
        assert desk.states(id) == ["queued"]


def test_a_document_that_is_being_sent_is_left_to_its_worker(desk: Desk) -> None:
    id = in_the_erp(desk, State.SENDING)
    desk.change(id, lease_until=desk.clock.now() + dt.timedelta(minutes=2))
    assert ask(desk).unclear == 1
    assert desk.states(id) == ["sending"]


def test_a_dry_run_changes_nothing(desk: Desk) -> None:
    id = in_the_erp(desk)
    assert ask(desk, dry_run=True).settled == 1
    assert desk.states(id) == ["queued"]


def test_running_it_again_settles_nothing_twice(desk: Desk) -> None:
    in_the_erp(desk)
    assert ask(desk).settled == 1
    again = ask(desk)
    assert (again.settled, again.found) == (0, 1)


def test_nothing_is_sent_from_a_restore_to_its_reconciliation(desk: Desk, clock: ManualClock) -> None:
    id = desk.capture()
    restore(desk)
    assert desk.forwarder().drain() == 0
    assert (desk.erp.calls, desk.states(id)) == ([], ["queued"])
    counts = ask(desk).counts()
    with desk.sessions() as session, session.begin():
        held = sending_hold.check(session, clock.now())
        assert held is not None and "a backup was restored" in held.message
        assert sending_hold.release(session, held, "user:test", clock.now(), counts)
        assert not sending_hold.release(session, held, "user:test", clock.now(), {})
    assert desk.forwarder().drain() == 1
    with desk.sessions() as session:
        trail = [(entry.action, entry.actor) for entry in audit.entries(session, subject=held.subject)]
    assert trail == [("epoch.reconciled", "user:test"), ("epoch.begun", "server")]


def test_phones_are_served_and_stored_while_sending_is_held(desk: Desk) -> None:
    restore(desk)
    id = desk.capture()
    assert desk.record(id)["state"] == "queued"
    desk.forwarder().drain()
    with desk.sessions() as session:
        assert session.scalars(select(Attempt)).all() == []


def test_a_forwarder_that_finds_itself_on_a_promoted_server_sends_nothing(desk: Desk) -> None:
    id = desk.capture()
    with desk.sessions() as session, session.begin():
        session.execute(update(FeedHead).values(lineage="of another server"))
    # Nobody has published since: the forwarder itself is the first to notice.
    assert desk.forwarder().drain() == 0
    assert (desk.erp.calls, desk.states(id)) == ([], ["queued"])
    with desk.sessions() as session:
        held = sending_hold.in_force(session)
    assert held is not None and held.cause == "lineage"


def test_a_new_installation_holds_nothing(sessions: Sessions) -> None:
    with sessions() as session:
        assert sending_hold.in_force(session) is None
        assert newest_memory(session) is None


def test_what_is_known_to_be_open_and_the_erp_has_half_done_is_finished_by_the_forwarder(desk: Desk) -> None:
    id = desk.capture()
    desk.erp.script("advance", "timeout")
    desk.forwarder().drain()
    assert desk.states(id) == ["unknown"]
    desk.erp.script("advance", "ok")
    report = ask(desk)
    assert (report.settled, report.clean, desk.states(id)) == (1, True, ["unknown"])
    desk.forwarder().drain()
    assert (desk.states(id), desk.erp.created(id)) == (["accepted"], 1)
