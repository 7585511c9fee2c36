"""Linking a parked document to one that somebody entered in the ERP: never two to one, never the wrong one."""

import threading
from functools import partial

from backend.delivery.reconciliation.reconcile import reconcile
from backend.delivery.reconciliation.scheduled import ScheduledReconciliation
from backend.office.errors import ActionRefused
from sync_protocol.errors import ErrorCode
from tests.unit.delivery.recording_erp import KINDS
from tests.unit.office.office_fixture import OfficeFixture, side_by_side


def test_linking_takes_the_erps_number_and_wakes_dependents(office: OfficeFixture) -> None:
    id = office.park()
    waits = office.inbox.capture(depends_on=[id], customer="C2")
    office.inbox.forwarder().drain()
    number = office.inbox.erp.by_hand()
    office.act("link", id, why="entered by hand", number=number)
    record = office.inbox.record(id)
    assert (record["state"], record["decision"], record["erp_number"]) == ("accepted", "linked", number)
    assert record["reason"] == f"The office has linked it to {number}: entered by hand"
    assert office.inbox.bindings(id) == [("order", "1")]
    office.inbox.forwarder().drain()
    assert office.inbox.row(waits).state == "accepted"
    office.act("link", id, "bert", number=number)
    assert [action for _, action, _, _ in office.trail(id)] == ["parked.link"]
    office.refused(ErrorCode.NOT_PARKED, "link", id, "bert", number=office.inbox.erp.by_hand())


def test_reconciling_finds_a_linked_document(office: OfficeFixture) -> None:
    id = office.park()
    office.act("link", id, number=office.inbox.erp.by_hand())
    report = reconcile(
        office.inbox.sessions,
        office.inbox.erp,
        clock=office.inbox.clock,
        kinds=KINDS,
        since=office.inbox.clock.now(),
    )
    assert (report.found, report.missing, report.missing_documents) == (1, 0, [])
    daily = ScheduledReconciliation(office.inbox.sessions, office.inbox.erp, office.inbox.clock, 7)
    assert daily.check_newest(KINDS) is False


def test_a_number_that_the_erp_does_not_have_is_refused(office: OfficeFixture) -> None:
    id = office.park()
    office.refused(ErrorCode.NOT_IN_ERP, "link", id, number="SO99")
    office.inbox.erp.by_hand("expense_claim")
    office.refused(ErrorCode.NOT_IN_ERP, "link", id, number="SO1")


def test_a_forecast_has_no_number_to_be_linked_to(office: OfficeFixture) -> None:
    id = office.inbox.capture(kind="forecast", body={"warehouse_id": "W1", "period": "2026-12", "lines": []})
    office.inbox.change(id, state="parked", owner="office")
    office.refused(ErrorCode.NOT_FOR_THIS, "link", id, number=office.inbox.erp.by_hand())


def test_two_documents_cannot_be_linked_to_one_number(office: OfficeFixture) -> None:
    first, second = office.park(), office.park(customer="C2")
    number = office.inbox.erp.by_hand()
    office.act("link", first, number=number)
    refusal = office.refused(ErrorCode.LINKED_ELSEWHERE, "link", second, number=number)
    assert refusal.message == f"{number} is document {first}"


def test_two_people_linking_two_documents_to_one_number_at_once(office: OfficeFixture) -> None:
    ids = [office.park(), office.park(customer="C2")]
    number = office.inbox.erp.by_hand()
    barrier, outcomes = threading.Barrier(2), []

    def run(id: str) -> None:
        barrier.wait()
        try:
            office.act("link", id, number=number)
            outcomes.append("linked")
        except ActionRefused as refused:
            outcomes.append(refused.code.code)

    side_by_side(*(partial(run, id) for id in ids))
    assert sorted(outcomes) == ["linked", "linked_elsewhere"]
    assert sorted(office.inbox.states(*ids)) == ["accepted", "parked"]


def test_an_erp_document_with_another_key_cannot_be_linked(office: OfficeFixture) -> None:
    id = office.park()
    other = office.inbox.capture(customer="C2")
    number = office.inbox.erp.by_hand(key=other)
    assert other in office.refused(ErrorCode.LINKED_ELSEWHERE, "link", id, number=number).message


def test_a_document_that_the_erp_has_cannot_be_linked_to_another(office: OfficeFixture) -> None:
    id = office.park(step="advance")
    other = office.inbox.erp.by_hand()
    assert "SO1" in office.refused(ErrorCode.MAY_BE_IN_ERP, "link", id, number=other).message
    office.inbox.later(seconds=31)
    office.act("link", id, number="SO1")
    assert office.inbox.row(id).erp_id == "1"
