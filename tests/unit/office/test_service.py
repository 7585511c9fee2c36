"""Reservations, two people at once, a person and a worker; and how often an action loads its document."""

import threading
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import event

from backend import doorbell
from backend.delivery.attempts import AttemptLog
from backend.delivery.forwarder import settle_lease
from backend.office.errors import ActionRefused
from sync_protocol.errors import ErrorCode
from tests.unit.delivery.inbox_fixture import ORDER
from tests.unit.delivery.queue.leases import accepted_transition, lease_next
from tests.unit.office.office_fixture import OfficeFixture, side_by_side


@pytest.mark.parametrize(
    ("action", "loads"),
    [("reserve", 1), ("release", 1), ("retry", 1), ("cancel", 2), ("return", 2), ("link", 2), ("fix", 2)],
)
def test_a_document_is_loaded_once_and_once_more_before_the_erp_is_asked(
    office: OfficeFixture, action: str, loads: int
) -> None:
    office.publish_master_data()
    id = office.park()
    office.inbox.change(id, last_sent_at=office.inbox.clock.now())
    office.inbox.later(minutes=1)
    number, body = office.inbox.erp.by_hand(), {**ORDER, "notes": "as agreed by telephone"}
    rows: list[str] = []

    def note(conn: object, cursor: object, statement: str, parameters: object, *rest: object) -> None:
        if statement.startswith("SELECT submission.seq") and id in str(parameters):
            rows.append(statement)

    with office.inbox.sessions() as session:
        engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    try:
        office.act(action, id, why="no", number=number, body=body)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert len(rows) == loads


# Workers


@pytest.mark.parametrize(
    ("action", "rings"), [("retry", True), ("fix", True), ("cancel", False), ("reserve", False)]
)
def test_a_worker_is_woken_after_the_commit_if_there_is_something_to_send(
    office: OfficeFixture, monkeypatch: pytest.MonkeyPatch, action: str, rings: bool
) -> None:
    office.publish_master_data()
    id = office.park()
    states: list[str] = []
    monkeypatch.setattr(doorbell, "ring", lambda settings: states.append(office.inbox.row(id).state))
    office.act(action, id, why="no", body={**ORDER, "notes": "as agreed by telephone"})
    assert bool(states) is rings
    # What a worker would see when it wakes.
    assert "parked" not in states


def test_a_stale_worker_cannot_overwrite_an_action_of_the_office(
    office: OfficeFixture, caplog: pytest.LogCaptureFixture
) -> None:
    id = office.inbox.capture()
    slow = lease_next(office.inbox, "slow")
    assert slow is not None
    office.inbox.change(id, unfinished_leases=3)
    office.inbox.later(seconds=61)
    lease_next(office.inbox, "w2")
    assert office.inbox.row(id).state == "parked"
    office.act("retry", id)
    quick = lease_next(office.inbox, "w3")
    assert quick is not None
    with office.inbox.sessions() as session, session.begin():
        late = replace(accepted_transition(), erp_id="9", erp_number="SO9")
        attempts, now = AttemptLog(slow, "recording", office.inbox.clock), office.inbox.clock.now()
        assert settle_lease(session, attempts, late, connector="recording", now=now) is None
    row = office.inbox.row(id)
    assert (row.state, row.lease_owner, row.erp_number) == ("sending", "w3", None)
    assert "came too late" in caplog.text


# Reservations


def test_a_reservation_keeps_others_out_until_it_ends(office: OfficeFixture) -> None:
    id = office.park()
    office.act("reserve", id, "anna")
    refusal = office.refused(ErrorCode.RESERVED_BY_ANOTHER, "retry", id, "bert")
    assert refusal.message.startswith("anna has reserved document")
    office.refused(ErrorCode.RESERVED_BY_ANOTHER, "reserve", id, "bert")
    office.refused(ErrorCode.RESERVED_BY_ANOTHER, "release", id, "bert")
    office.inbox.later(minutes=29)
    office.act("reserve", id, "anna")
    office.inbox.later(minutes=29)
    office.refused(ErrorCode.RESERVED_BY_ANOTHER, "cancel", id, "bert", "no")
    office.inbox.later(minutes=1)
    office.act("cancel", id, "bert", "no")


def test_releasing_and_overruling_a_reservation_are_audited(office: OfficeFixture) -> None:
    id = office.park()
    office.act("reserve", id, "anna")
    office.act("release", id, "anna")
    office.act("release", id, "anna")
    office.act("reserve", id, "anna")
    office.act("retry", id, "bert", force=True)
    assert [(actor, action, detail.get("overruled")) for actor, action, detail, _ in office.trail(id)] == [
        ("user:anna", "parked.reserve", None),
        ("user:anna", "parked.release", None),
        ("user:anna", "parked.reserve", None),
        ("user:bert", "parked.retry", "anna"),
    ]
    assert office.inbox.row(id).reserved_by is None


def test_two_people_act_at_once_and_one_action_counts(office: OfficeFixture) -> None:
    id = office.park()
    barrier, outcomes = threading.Barrier(2), []

    def run(action: str, by: str) -> None:
        barrier.wait()
        try:
            office.act(action, id, by, "no")
            outcomes.append("done")
        except ActionRefused as refused:
            outcomes.append(refused.code.code)

    side_by_side(partial(run, "retry", "anna"), partial(run, "cancel", "bert"))
    assert sorted(outcomes) == ["done", "not_parked"]
    assert len(office.trail(id)) == 1
