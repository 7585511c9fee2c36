"""Every day the ERP is asked for each document of the last days, some a minute; what was found is kept."""

from sqlalchemy import select

from backend.delivery import sending_hold
from backend.delivery.models import Reconciliation
from backend.delivery.reconciliation.report import newest
from backend.delivery.reconciliation.scheduled import SLICE, ScheduledReconciliation
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.delivery.recording_erp import KINDS


def daily(inbox: InboxFixture) -> ScheduledReconciliation:
    return ScheduledReconciliation(inbox.sessions, inbox.erp, inbox.clock, 14)


def accepted(inbox: InboxFixture, count: int) -> list[str]:
    ids = []
    for n in range(count):
        ids.append(inbox.capture(customer=f"C{n}"))
        inbox.forwarder().drain()
        inbox.later(seconds=10)
    return ids


def finds(inbox: InboxFixture) -> list[str]:
    return [key for step, key in inbox.erp.calls if step == "find"]


def counts(inbox: InboxFixture) -> dict[str, int]:
    with inbox.sessions() as session:
        [run] = newest(session, 1)
        return run.counts


def test_all_documents_are_asked_about_newest_first_some_at_a_turn(inbox: InboxFixture) -> None:
    ids = accepted(inbox, SLICE + 2)
    before = len(finds(inbox))
    work = daily(inbox)
    assert work.run_slice(KINDS)
    assert finds(inbox)[before:] == ids[::-1][:SLICE]
    assert work.run_slice(KINDS)
    assert finds(inbox)[before + SLICE :] == ids[1::-1]
    found = counts(inbox)
    assert (found["sent"], found["found"], found["missing"]) == (SLICE + 2, SLICE + 2, 0)
    assert not work.run_slice(KINDS), "it is done for today"
    inbox.later(days=1)
    assert work.run_slice(KINDS)


def test_documents_settled_long_ago_are_left_out(inbox: InboxFixture) -> None:
    accepted(inbox, 1)
    inbox.later(days=15)
    recent = accepted(inbox, 1)
    before = len(finds(inbox))
    daily(inbox).run_slice(KINDS)
    assert finds(inbox)[before:] == recent


def test_two_workers_share_a_day(inbox: InboxFixture) -> None:
    ids = accepted(inbox, SLICE + 3)
    before = len(finds(inbox))
    daily(inbox).run_slice(KINDS)
    daily(inbox).run_slice(KINDS)
    assert sorted(finds(inbox)[before:]) == sorted(ids)
    with inbox.sessions() as session:
        assert len(session.scalars(select(Reconciliation)).all()) == 1


def test_an_erp_that_is_away_is_asked_again_at_the_next_turn(inbox: InboxFixture) -> None:
    ids = accepted(inbox, 2)
    inbox.erp.script("find", "503")
    work = daily(inbox)
    work.run_slice(KINDS)
    with inbox.sessions() as session:
        assert newest(session, 1) == []
    inbox.erp.script("find", "ok")
    work.run_slice(KINDS)
    assert counts(inbox)["found"] == len(ids)


def test_what_vanished_in_numbers_is_noticed_before_the_day_is_through(inbox: InboxFixture) -> None:
    ids = accepted(inbox, SLICE + 5)
    inbox.erp.lose(since=ids[-4])
    work = daily(inbox)
    assert work.run_slice(KINDS)
    with inbox.sessions() as session:
        held = sending_hold.in_force(session)
    assert held is not None and held.cause == sending_hold.ERP_LOST
    assert counts(inbox)["missing"] == 4
    inbox.later(days=1)
    assert not work.run_slice(KINDS), "the operator comes first"


def test_one_that_vanished_is_given_to_the_office_at_the_end(inbox: InboxFixture) -> None:
    ids = accepted(inbox, SLICE + 1)
    inbox.erp.lose(ids[-1])
    work = daily(inbox)
    work.run_slice(KINDS)
    assert inbox.states(ids[-1]) == ["accepted"]
    work.run_slice(KINDS)
    assert inbox.states(ids[-1]) == ["parked"]


def test_a_look_at_the_newest_begins_a_reconciliation_when_one_is_missing(inbox: InboxFixture) -> None:
    ids = accepted(inbox, 5)
    work = daily(inbox)
    work.run_slice(KINDS)
    before = len(finds(inbox))
    assert not work.check_newest(KINDS)
    assert len(finds(inbox)) == before + 3, "a look costs three calls"
    inbox.erp.lose(since=ids[-3])
    assert not work.run_slice(KINDS), "the day has been done"
    assert work.check_newest(KINDS)
    assert work.run_slice(KINDS)
    with inbox.sessions() as session:
        assert sending_hold.in_force(session) is not None


def test_reports_are_kept_for_some_months(inbox: InboxFixture) -> None:
    accepted(inbox, 1)
    work = daily(inbox)
    work.run_slice(KINDS)
    inbox.later(days=91)
    work.run_slice(KINDS)
    with inbox.sessions() as session:
        assert len(session.scalars(select(Reconciliation)).all()) == 1
