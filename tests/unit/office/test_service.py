"""Reservations, two people at once, a person and a worker; and how often an action loads its document."""

import threading
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import event

from backend import doorbell
from backend.delivery.settle import settle_lease
from backend.office.errors import ActionRefused
from sync_protocol.errors import ErrorCode
from tests.unit.delivery.inbox_fixture import ORDER
from tests.unit.delivery.test_acquire import accepted, claim
from tests.unit.office.office_fixture import OfficeFixture, side_by_side


@pytest.mark.parametrize(
    ("action", "loads"),
    [("reserve", 1), ("release", 1), ("retry", 1), ("cancel", 2), ("return", 2), ("link", 2), ("fix", 2)],
)
def test_a_document_is_loaded_once_and_once_more_before_the_erp_is_asked(
    work: OfficeFixture, action: str, loads: int
) -> None:
    work.publish_master_data()
    id = work.park()
    work.inbox.change(id, last_sent_at=work.inbox.clock.now())
    work.inbox.later(minutes=1)
    number, body = work.inbox.erp.by_hand(), {**ORDER, "notes": "as agreed by telephone"}
    rows: list[str] = []

    def note(conn: object, cursor: object, statement: str, parameters: object, *rest: object) -> None:
        if statement.startswith("SELECT submission.seq") and id in str(parameters):
            rows.append(statement)

    with work.inbox.sessions() as session:
        engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    try:
        work.act(action, id, why="no", number=number, body=body)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert len(rows) == loads


# Workers


@pytest.mark.parametrize(
    ("action", "rings"), [("retry", True), ("fix", True), ("cancel", False), ("reserve", False)]
)
def test_a_worker_is_woken_after_the_commit_if_there_is_something_to_send(
    work: OfficeFixture, monkeypatch: pytest.MonkeyPatch, action: str, rings: bool
) -> None:
    work.publish_master_data()
    id = work.park()
    states: list[str] = []
    monkeypatch.setattr(doorbell, "ring", lambda settings: states.append(work.inbox.row(id).state))
    work.act(action, id, why="no", body={**ORDER, "notes": "as agreed by telephone"})
    assert bool(states) is rings
    # What a worker would see when it wakes.
    assert "parked" not in states


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
    work.act("retry", id)
    quick = claim(work.inbox, "w3")
    assert quick is not None
    with work.inbox.sessions() as session, session.begin():
        late = replace(accepted(), erp_id="9", erp_number="SO9")
        assert settle_lease(session, slow, late, connector="recording", now=work.inbox.clock.now()) is None
    row = work.inbox.row(id)
    assert (row.state, row.lease_owner, row.erp_number) == ("sending", "w3", None)
    assert "came too late" in caplog.text


# Reservations


def test_a_reservation_keeps_others_out_until_it_ends(work: OfficeFixture) -> None:
    id = work.park()
    work.act("reserve", id, "anna")
    refusal = work.refused(ErrorCode.RESERVED_BY_ANOTHER, "retry", id, "bert")
    assert refusal.message.startswith("anna has reserved document")
    work.refused(ErrorCode.RESERVED_BY_ANOTHER, "reserve", id, "bert")
    work.refused(ErrorCode.RESERVED_BY_ANOTHER, "release", id, "bert")
    work.inbox.later(minutes=29)
    work.act("reserve", id, "anna")
    work.inbox.later(minutes=29)
    work.refused(ErrorCode.RESERVED_BY_ANOTHER, "cancel", id, "bert", "no")
    work.inbox.later(minutes=1)
    work.act("cancel", id, "bert", "no")


def test_a_reservation_can_be_released_or_overruled_and_both_are_on_record(work: OfficeFixture) -> None:
    id = work.park()
    work.act("reserve", id, "anna")
    work.act("release", id, "anna")
    work.act("release", id, "anna")
    work.act("reserve", id, "anna")
    work.act("retry", id, "bert", force=True)
    assert [(actor, action, detail.get("overruled")) for actor, action, detail, _ in work.trail(id)] == [
        ("user:anna", "parked.reserve", None),
        ("user:anna", "parked.release", None),
        ("user:anna", "parked.reserve", None),
        ("user:bert", "parked.retry", "anna"),
    ]
    assert work.inbox.row(id).reserved_by is None


def test_two_people_act_at_once_and_one_action_counts(work: OfficeFixture) -> None:
    id = work.park()
    barrier, outcomes = threading.Barrier(2), []

    def run(action: str, by: str) -> None:
        barrier.wait()
        try:
            work.act(action, id, by, "no")
            outcomes.append("done")
        except ActionRefused as refused:
            outcomes.append(refused.code.code)

    side_by_side(partial(run, "retry", "anna"), partial(run, "cancel", "bert"))
    assert sorted(outcomes) == ["done", "not_parked"]
    assert len(work.trail(id)) == 1
