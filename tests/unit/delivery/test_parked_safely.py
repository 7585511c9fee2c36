"""What the office must not bring about: a second document, a document lost, a deed without a trace."""

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from backend.delivery.reconciliation.reconcile import reconcile
from backend.delivery.reconciliation.scheduled import ScheduledReconciliation
from backend.delivery.settle import settle
from backend.office import actions
from backend.office.action import Action, ActionRefused
from backend.office.service import OfficeService
from backend.sync import grants
from backend.sync.push import push
from sync_protocol.errors import ErrorCode
from tests.unit.delivery.inbox_fixture import ORDER, InboxFixture
from tests.unit.delivery.office_fixture import OfficeFixture
from tests.unit.delivery.recording_erp import KINDS
from tests.unit.delivery.test_claims import accepted, claim
from tests.unit.delivery.test_parked import master_data
from tests.unit.sync.company import submission


@pytest.fixture
def work(inbox: InboxFixture) -> OfficeFixture:
    return OfficeFixture(inbox)


def side_by_side(*work: Callable[[], None]) -> None:
    threads = [threading.Thread(target=run) for run in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# Linking


def test_linking_takes_the_erps_number_and_wakes_what_waited(work: OfficeFixture) -> None:
    id = work.park()
    waits = work.inbox.capture(depends_on=[id], customer="C2")
    work.inbox.forwarder().drain()
    number = work.inbox.erp.by_hand()
    work.office.link(id, "anna", number, "entered by hand")
    record = work.inbox.record(id)
    assert (record["state"], record["decision"], record["erp_number"]) == ("accepted", "linked", number)
    assert record["reason"] == f"The office has linked it to {number}: entered by hand"
    assert work.inbox.bindings(id) == [("order", "1")]
    work.inbox.forwarder().drain()
    assert work.inbox.row(waits).state == "accepted"
    work.office.link(id, "bert", number)
    assert [action for _, action, _, _ in work.trail(id)] == ["parked.link"]


def test_a_linked_document_is_there_for_whoever_reconciles(work: OfficeFixture) -> None:
    id = work.park()
    work.office.link(id, "anna", work.inbox.erp.by_hand())
    report = reconcile(
        work.inbox.sessions, work.inbox.erp, clock=work.inbox.clock, kinds=KINDS, since=work.inbox.clock.now()
    )
    assert (report.found, report.missing, report.missing_documents) == (1, 0, [])
    daily = ScheduledReconciliation(work.inbox.sessions, work.inbox.erp, work.inbox.clock, 7)
    assert daily.check_newest(KINDS) is False


def test_a_number_that_the_erp_does_not_have_is_refused(work: OfficeFixture) -> None:
    id = work.park()
    work.refused(ErrorCode.NOT_IN_ERP, "link", id, "anna", "SO99")
    work.inbox.erp.by_hand("expense_claim")
    work.refused(ErrorCode.NOT_IN_ERP, "link", id, "anna", "SO1")


def test_two_documents_cannot_be_linked_to_one_number(work: OfficeFixture) -> None:
    first, second = work.park(), work.park(customer="C2")
    number = work.inbox.erp.by_hand()
    work.office.link(first, "anna", number)
    refusal = work.refused(ErrorCode.LINKED_ELSEWHERE, "link", second, "anna", number)
    assert refusal.message == f"{number} is document {first}"


def test_two_people_linking_two_documents_to_one_number_at_once(work: OfficeFixture) -> None:
    ids = [work.park(), work.park(customer="C2")]
    number = work.inbox.erp.by_hand()
    barrier, outcomes = threading.Barrier(2), []

    def run(id: str) -> None:
        barrier.wait()
        try:
            work.office.link(id, "anna", number)
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
    assert other in work.refused(ErrorCode.LINKED_ELSEWHERE, "link", id, "anna", number).message


def test_what_the_erp_has_under_our_key_is_not_linked_to_something_else(work: OfficeFixture) -> None:
    id = work.park(step="advance")
    other = work.inbox.erp.by_hand()
    assert "SO1" in work.refused(ErrorCode.MAY_BE_IN_ERP, "link", id, "anna", other).message
    work.inbox.later(seconds=31)
    work.office.link(id, "anna", "SO1")
    assert work.inbox.row(id).erp_id == "1"


# What the ERP has, or may yet get


@pytest.mark.parametrize("deed", ["cancel", "give_back"])
def test_what_the_erp_has_is_not_given_up(work: OfficeFixture, deed: str) -> None:
    id = work.park(step="advance")
    work.inbox.later(hours=1)
    refusal = work.refused(ErrorCode.MAY_BE_IN_ERP, deed, id, "anna", "no longer wanted")
    assert "link it to that, or remove it there first" in refusal.message


def test_a_call_that_may_still_be_executed_is_waited_for(work: OfficeFixture) -> None:
    id = work.park()
    work.inbox.change(id, last_sent_at=work.inbox.clock.now())
    work.inbox.later(seconds=29)
    work.refused(ErrorCode.MAY_BE_IN_ERP, "cancel", id, "anna", "no")
    work.refused(ErrorCode.MAY_BE_IN_ERP, "link", id, "anna", work.inbox.erp.by_hand())
    work.inbox.later(seconds=1)
    work.office.return_to_rep(id, "anna", "mend it")
    row = work.inbox.row(id)
    # Else the rep's edited copy would be refused as too late.
    assert (row.state, row.last_sent_at, row.erp_id) == ("rejected", None, None)


def test_without_an_answer_of_the_erp_nothing_is_given_up(work: OfficeFixture) -> None:
    id = work.park(step="advance")
    work.inbox.erp.script("find", "503")
    work.refused(ErrorCode.ERP_UNAVAILABLE, "cancel", id, "anna", "no")


def test_what_the_erp_showed_before_a_worker_came_does_not_count(work: OfficeFixture) -> None:
    id = work.park()
    work.inbox.change(id, last_sent_at=work.inbox.clock.now())
    work.inbox.later(minutes=1)
    sight = work.office._erp_check(id)
    assert sight is not None and sight.by_key == ()
    work.office.retry(id, "bert")
    work.inbox.erp.script("advance", "refuse_office")
    work.inbox.forwarder().drain()
    assert (work.inbox.row(id).state, work.inbox.erp.created(id)) == ("parked", 1)
    deed = Action("anna", work.inbox.clock.now(), "no")
    with (
        pytest.raises(ActionRefused, match="has moved while the ERP was asked"),
        work.inbox.sessions() as session,
    ):
        actions.cancel(session, id, deed, sight)


# Workers


def test_a_worker_from_before_cannot_settle_over_the_office(
    work: OfficeFixture, caplog: pytest.LogCaptureFixture
) -> None:
    id = work.inbox.capture()
    slow = claim(work.inbox, "slow")
    assert slow is not None
    work.inbox.change(id, unfinished_leases=3)
    work.inbox.later(seconds=61)
    claim(work.inbox, "w2")
    assert work.inbox.row(id).state == "parked"
    work.office.retry(id, "anna")
    quick = claim(work.inbox, "w3")
    assert quick is not None
    with work.inbox.sessions() as session, session.begin():
        late = replace(accepted(), erp_id="9", erp_number="SO9")
        assert settle(session, slow, late, connector="recording", now=work.inbox.clock.now()) is None
    row = work.inbox.row(id)
    assert (row.state, row.lease_owner, row.erp_number) == ("sending", "w3", None)
    assert "came too late" in caplog.text


def test_the_office_and_a_rep_correct_a_document_at_once_and_the_erp_gets_one(work: OfficeFixture) -> None:
    master_data(work)
    id = work.park()
    copy = submission("01KB0000000000000000000009", {**ORDER, "notes": "the rep's"}, supersedes=id)
    outcomes: list[str] = []
    barrier = threading.Barrier(2)

    def office() -> None:
        barrier.wait()
        try:
            work.office.fix(id, "anna", {**ORDER, "notes": "the office's"})
            outcomes.append("fixed")
        except ActionRefused as refused:
            outcomes.append(refused.code.code)

    def rep() -> None:
        barrier.wait()
        with work.inbox.sessions() as session, session.begin():
            grants.assign(session, "R1", "territory:NW", work.inbox.clock.now())
        with work.inbox.sessions() as session, session.begin():
            [result] = push(
                session, rep_id="R1", device_id="D1", submissions=[copy], now=work.inbox.clock.now()
            )
            outcomes.append(str(result["status"]))

    side_by_side(office, rep)
    assert sorted(outcomes) in (["fixed", "refused"], ["not_parked", "received"])
    work.inbox.forwarder().drain()
    assert sum(entry["event"] == "create" for entry in work.inbox.erp.executed) == 1


# Claiming


def test_a_claim_keeps_others_out_until_it_lapses(work: OfficeFixture) -> None:
    id = work.park()
    work.office.reserve(id, "anna")
    refusal = work.refused(ErrorCode.RESERVED_BY_ANOTHER, "retry", id, "bert")
    assert refusal.message.startswith("anna is working on document")
    work.refused(ErrorCode.RESERVED_BY_ANOTHER, "reserve", id, "bert")
    work.refused(ErrorCode.RESERVED_BY_ANOTHER, "release", id, "bert")
    work.inbox.later(minutes=29)
    work.office.reserve(id, "anna")
    work.inbox.later(minutes=29)
    work.refused(ErrorCode.RESERVED_BY_ANOTHER, "cancel", id, "bert", "no")
    work.inbox.later(minutes=1)
    work.office.cancel(id, "bert", "no")


def test_a_claim_can_be_let_go_of_or_overruled_and_both_are_on_record(work: OfficeFixture) -> None:
    id = work.park()
    work.office.reserve(id, "anna")
    work.office.release(id, "anna")
    work.office.release(id, "anna")
    work.office.reserve(id, "anna")
    work.office.retry(id, "bert", force=True)
    assert [(actor, action, detail.get("taken_from")) for actor, action, detail, _ in work.trail(id)] == [
        ("user:anna", "parked.claim", None),
        ("user:anna", "parked.release", None),
        ("user:anna", "parked.claim", None),
        ("user:bert", "parked.retry", "anna"),
    ]
    assert work.inbox.row(id).reserved_by is None


def test_two_people_act_at_once_and_one_deed_counts(work: OfficeFixture) -> None:
    id = work.park()
    barrier, outcomes = threading.Barrier(2), []

    def run(office: OfficeService, deed: str, *words: str) -> None:
        barrier.wait()
        try:
            getattr(office, deed)(id, *words)
            outcomes.append("done")
        except ActionRefused as refused:
            outcomes.append(refused.code.code)

    side_by_side(partial(run, work.office, "retry", "anna"), partial(run, work.office, "cancel", "bert", "no"))
    assert sorted(outcomes) == ["done", "not_parked"]
    assert len(work.trail(id)) == 1
