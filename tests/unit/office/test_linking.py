"""Linking a parked document to one that somebody entered in the ERP: never two to one, never the wrong one."""

import threading
from functools import partial

from backend.delivery.reconciliation.reconcile import reconcile
from backend.delivery.reconciliation.scheduled import ScheduledReconciliation
from backend.office.errors import ActionRefused
from sync_protocol.errors import ErrorCode
from tests.unit.delivery.recording_erp import KINDS
from tests.unit.office.office_fixture import OfficeFixture, side_by_side


def test_linking_takes_the_erps_number_and_wakes_what_waited(work: OfficeFixture) -> None:
    id = work.park()
    waits = work.inbox.capture(depends_on=[id], customer="C2")
    work.inbox.forwarder().drain()
    number = work.inbox.erp.by_hand()
    work.act("link", id, why="entered by hand", number=number)
    record = work.inbox.record(id)
    assert (record["state"], record["decision"], record["erp_number"]) == ("accepted", "linked", number)
    assert record["reason"] == f"The office has linked it to {number}: entered by hand"
    assert work.inbox.bindings(id) == [("order", "1")]
    work.inbox.forwarder().drain()
    assert work.inbox.row(waits).state == "accepted"
    work.act("link", id, "bert", number=number)
    assert [action for _, action, _, _ in work.trail(id)] == ["parked.link"]
    work.refused(ErrorCode.NOT_PARKED, "link", id, "bert", number=work.inbox.erp.by_hand())


def test_a_linked_document_is_there_for_whoever_reconciles(work: OfficeFixture) -> None:
    id = work.park()
    work.act("link", id, number=work.inbox.erp.by_hand())
    report = reconcile(
        work.inbox.sessions, work.inbox.erp, clock=work.inbox.clock, kinds=KINDS, since=work.inbox.clock.now()
    )
    assert (report.found, report.missing, report.missing_documents) == (1, 0, [])
    daily = ScheduledReconciliation(work.inbox.sessions, work.inbox.erp, work.inbox.clock, 7)
    assert daily.check_newest(KINDS) is False


def test_a_number_that_the_erp_does_not_have_is_refused(work: OfficeFixture) -> None:
    id = work.park()
    work.refused(ErrorCode.NOT_IN_ERP, "link", id, number="SO99")
    work.inbox.erp.by_hand("expense_claim")
    work.refused(ErrorCode.NOT_IN_ERP, "link", id, number="SO1")


def test_a_forecast_has_no_number_to_be_linked_to(work: OfficeFixture) -> None:
    id = work.inbox.capture(kind="forecast", body={"warehouse_id": "W1", "period": "2026-12", "lines": []})
    work.inbox.change(id, state="parked", owner="office")
    work.refused(ErrorCode.NOT_FOR_THIS, "link", id, number=work.inbox.erp.by_hand())


def test_two_documents_cannot_be_linked_to_one_number(work: OfficeFixture) -> None:
    first, second = work.park(), work.park(customer="C2")
    number = work.inbox.erp.by_hand()
    work.act("link", first, number=number)
    refusal = work.refused(ErrorCode.LINKED_ELSEWHERE, "link", second, number=number)
    assert refusal.message == f"{number} is document {first}"


def test_two_people_linking_two_documents_to_one_number_at_once(work: OfficeFixture) -> None:
    ids = [work.park(), work.park(customer="C2")]
    number = work.inbox.erp.by_hand()
    barrier, outcomes = threading.Barrier(2), []

    def run(id: str) -> None:
        barrier.wait()
        try:
            work.act("link", id, number=number)
            outcomes.append("linked")
        except ActionRefused as refused:
            outcomes.append(refused.code.code)

    side_by_side(*(partial(run, id) for id in ids))
    assert sorted(outcomes) == ["linked", "linked_elsewhere"]
    assert sorted(work.inbox.states(*ids)) == ["accepted", "parked"]


def test_a_document_of_the_erp_that_carries_another_key_is_not_taken(work: OfficeFixture) -> None:
    id = work.park()
    other = work.inbox.capture(customer="C2")
    number = work.inbox.erp.by_hand(key=other)
    assert other in work.refused(ErrorCode.LINKED_ELSEWHERE, "link", id, number=number).message


def test_what_the_erp_has_under_our_key_is_not_linked_to_something_else(work: OfficeFixture) -> None:
    id = work.park(step="advance")
    other = work.inbox.erp.by_hand()
    assert "SO1" in work.refused(ErrorCode.MAY_BE_IN_ERP, "link", id, number=other).message
    work.inbox.later(seconds=31)
    work.act("link", id, number="SO1")
    assert work.inbox.row(id).erp_id == "1"
