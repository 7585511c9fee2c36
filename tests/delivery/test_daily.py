"""Every day the ERP is asked for each document of the last days, some a minute; what was found is kept."""

from sqlalchemy import select

from backend.delivery import sending_hold
from backend.delivery.models import Reconciliation
from backend.delivery.reconciliation.report import newest
from backend.delivery.reconciliation.scheduled import SLICE, ScheduledReconciliation
from tests.delivery.desk import Desk
from tests.delivery.ledger_erp import KINDS


def daily(desk: Desk) -> ScheduledReconciliation:
    return ScheduledReconciliation(desk.sessions, desk.erp, desk.clock, 14)


def accepted(desk: Desk, count: int) -> list[str]:
    ids = []
    for n in range(count):
        ids.append(desk.capture(customer=f"C{n}"))
        desk.forwarder().drain()
        desk.later(seconds=10)
    return ids


def finds(desk: Desk) -> list[str]:
    return [key for step, key in desk.erp.calls if step == "find"]


def counts(desk: Desk) -> dict[str, int]:
    with desk.sessions() as session:
        [run] = newest(session, 1)
        return run.counts


def test_all_documents_are_asked_about_newest_first_some_at_a_turn(desk: Desk) -> None:
    ids = accepted(desk, SLICE + 2)
    before = len(finds(desk))
    work = daily(desk)
    assert work.run_slice(KINDS)
    assert finds(desk)[before:] == ids[::-1][:SLICE]
    assert work.run_slice(KINDS)
    assert finds(desk)[before + SLICE :] == ids[1::-1]
    found = counts(desk)
    assert (found["sent"], found["found"], found["missing"]) == (SLICE + 2, SLICE + 2, 0)
    assert not work.run_slice(KINDS), "it is done for today"
    desk.later(days=1)
    assert work.run_slice(KINDS)


def test_documents_settled_long_ago_are_left_out(desk: Desk) -> None:
    accepted(desk, 1)
    desk.later(days=15)
    recent = accepted(desk, 1)
    before = len(finds(desk))
    daily(desk).run_slice(KINDS)
    assert finds(desk)[before:] == recent


def test_two_workers_share_a_day(desk: Desk) -> None:
    ids = accepted(desk, SLICE + 3)
    before = len(finds(desk))
    daily(desk).run_slice(KINDS)
    daily(desk).run_slice(KINDS)
    assert sorted(finds(desk)[before:]) == sorted(ids)
    with desk.sessions() as session:
        assert len(session.scalars(select(Reconciliation)).all()) == 1


def test_an_erp_that_is_away_is_asked_again_at_the_next_turn(desk: Desk) -> None:
    ids = accepted(desk, 2)
    desk.erp.script("find", "503")
    work = daily(desk)
    work.run_slice(KINDS)
    with desk.sessions() as session:
        assert newest(session, 1) == []
    desk.erp.script("find", "ok")
    work.run_slice(KINDS)
    assert counts(desk)["found"] == len(ids)


def test_what_vanished_in_numbers_is_noticed_before_the_day_is_through(desk: Desk) -> None:
    ids = accepted(desk, SLICE + 5)
    desk.erp.lose(since=ids[-4])
    work = daily(desk)
    assert work.run_slice(KINDS)
    with desk.sessions() as session:
        held = sending_hold.in_force(session)
    assert held is not None and held.cause == sending_hold.ERP_LOST
    assert counts(desk)["missing"] == 4
    desk.later(days=1)
    assert not work.run_slice(KINDS), "the operator comes first"


def test_one_that_vanished_is_given_to_the_office_at_the_end(desk: Desk) -> None:
    ids = accepted(desk, SLICE + 1)
    desk.erp.lose(ids[-1])
    work = daily(desk)
    work.run_slice(KINDS)
    assert desk.states(ids[-1]) == ["accepted"]
    work.run_slice(KINDS)
    assert desk.states(ids[-1]) == ["parked"]


def test_a_look_at_the_newest_begins_a_reconciliation_when_one_is_missing(desk: Desk) -> None:
    ids = accepted(desk, 5)
    work = daily(desk)
    work.run_slice(KINDS)
    before = len(finds(desk))
    assert not work.check_newest(KINDS)
    assert len(finds(desk)) == before + 3, "a look costs three calls"
    desk.erp.lose(since=ids[-3])
    assert not work.run_slice(KINDS), "the day has been done"
    assert work.check_newest(KINDS)
    assert work.run_slice(KINDS)
    with desk.sessions() as session:
        assert sending_hold.in_force(session) is not None


def test_reports_are_kept_for_some_months(desk: Desk) -> None:
    accepted(desk, 1)
    work = daily(desk)
    work.run_slice(KINDS)
    desk.later(days=91)
    work.run_slice(KINDS)
    with desk.sessions() as session:
        assert len(session.scalars(select(Reconciliation)).all()) == 1
