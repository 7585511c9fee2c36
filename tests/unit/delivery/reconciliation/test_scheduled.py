"""Every day the ERP is asked for each document of the last days, some a minute; what was found is kept."""

from sqlalchemy import select

from backend.delivery import sending_hold
from backend.delivery.models import Reconciliation
from backend.delivery.reconciliation.report import newest
from backend.delivery.reconciliation.scheduled import SLICE, ScheduledReconciliation
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.delivery.recording_erp import KINDS


def daily_reconciliation(inbox: InboxFixture) -> ScheduledReconciliation:
    return ScheduledReconciliation(inbox.sessions, inbox.erp, inbox.clock, 14)


def accepted_orders(inbox: InboxFixture, count: int) -> list[str]:
    ids = []
    for n in range(count):
        ids.append(inbox.capture(customer=f"C{n}"))
        inbox.forwarder().drain()
        inbox.later(seconds=10)
    return ids


def looked_up(inbox: InboxFixture) -> list[str]:
    return [key for step, key in inbox.erp.calls if step == "find"]


def counts(inbox: InboxFixture) -> dict[str, int]:
    with inbox.sessions() as session:
        [run] = newest(session, 1)
        return run.counts


def test_documents_are_looked_up_in_slices_newest_first(inbox: InboxFixture) -> None:
    ids = accepted_orders(inbox, SLICE + 2)
    before = len(looked_up(inbox))
    reconciliation = daily_reconciliation(inbox)
    assert reconciliation.run_slice(KINDS)
    assert looked_up(inbox)[before:] == ids[::-1][:SLICE]
    assert reconciliation.run_slice(KINDS)
    assert looked_up(inbox)[before + SLICE :] == ids[1::-1]
    report_counts = counts(inbox)
    assert (report_counts["sent"], report_counts["found"], report_counts["missing"]) == (
        SLICE + 2,
        SLICE + 2,
        0,
    )
    assert not reconciliation.run_slice(KINDS), "it is done for today"
    inbox.later(days=1)
    assert reconciliation.run_slice(KINDS)


def test_documents_settled_long_ago_are_left_out(inbox: InboxFixture) -> None:
    accepted_orders(inbox, 1)
    inbox.later(days=15)
    recent = accepted_orders(inbox, 1)
    before = len(looked_up(inbox))
    daily_reconciliation(inbox).run_slice(KINDS)
    assert looked_up(inbox)[before:] == recent


def test_two_workers_share_a_day(inbox: InboxFixture) -> None:
    ids = accepted_orders(inbox, SLICE + 3)
    before = len(looked_up(inbox))
    daily_reconciliation(inbox).run_slice(KINDS)
    daily_reconciliation(inbox).run_slice(KINDS)
    assert sorted(looked_up(inbox)[before:]) == sorted(ids)
    with inbox.sessions() as session:
        assert len(session.scalars(select(Reconciliation)).all()) == 1


def test_an_unreachable_erp_is_asked_again_at_the_next_turn(inbox: InboxFixture) -> None:
    ids = accepted_orders(inbox, 2)
    inbox.erp.script("find", "503")
    reconciliation = daily_reconciliation(inbox)
    reconciliation.run_slice(KINDS)
    with inbox.sessions() as session:
        assert newest(session, 1) == []
    inbox.erp.script("find", "ok")
    reconciliation.run_slice(KINDS)
    assert counts(inbox)["found"] == len(ids)


def test_many_missing_documents_are_detected_before_the_day_ends(inbox: InboxFixture) -> None:
    ids = accepted_orders(inbox, SLICE + 5)
    inbox.erp.lose(since=ids[-4])
    reconciliation = daily_reconciliation(inbox)
    assert reconciliation.run_slice(KINDS)
    with inbox.sessions() as session:
        hold = sending_hold.in_force(session)
    assert hold is not None and hold.cause == sending_hold.ERP_LOST
    assert counts(inbox)["missing"] == 4
    inbox.later(days=1)
    assert not reconciliation.run_slice(KINDS), "the operator comes first"


def test_one_missing_document_goes_to_the_office_at_the_end(inbox: InboxFixture) -> None:
    ids = accepted_orders(inbox, SLICE + 1)
    inbox.erp.lose(ids[-1])
    reconciliation = daily_reconciliation(inbox)
    reconciliation.run_slice(KINDS)
    assert inbox.states(ids[-1]) == ["accepted"]
    reconciliation.run_slice(KINDS)
    assert inbox.states(ids[-1]) == ["parked"]


def test_a_missing_newest_document_starts_a_reconciliation(inbox: InboxFixture) -> None:
    ids = accepted_orders(inbox, 5)
    reconciliation = daily_reconciliation(inbox)
    reconciliation.run_slice(KINDS)
    before = len(looked_up(inbox))
    assert not reconciliation.check_newest(KINDS)
    assert len(looked_up(inbox)) == before + 3, "a look costs three calls"
    inbox.erp.lose(since=ids[-3])
    assert not reconciliation.run_slice(KINDS), "the day has been done"
    assert reconciliation.check_newest(KINDS)
    assert reconciliation.run_slice(KINDS)
    with inbox.sessions() as session:
        assert sending_hold.in_force(session) is not None


def test_reports_are_kept_for_some_months(inbox: InboxFixture) -> None:
    accepted_orders(inbox, 1)
    reconciliation = daily_reconciliation(inbox)
    reconciliation.run_slice(KINDS)
    inbox.later(days=91)
    reconciliation.run_slice(KINDS)
    with inbox.sessions() as session:
        assert len(session.scalars(select(Reconciliation)).all()) == 1
