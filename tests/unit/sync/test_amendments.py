"""Withdrawals and change requests: what a rep may still take back, and what only the office can change."""

from typing import Any

import pytest
from sqlalchemy import select

from backend.database.core import Sessions
from backend.delivery.park_reasons import class_of
from backend.inbox import submissions as inbox
from backend.inbox.models import Submission
from sync_protocol.catalogue import change_request
from sync_protocol.submission import State
from tests.unit.sync.company import master_data, order, order_body, reps, say, submission
from tests.unit.sync.pushing import faults, send, stored
from tests.unit.sync.replica import NOW, Replica

A = "01KB0000000000000000000001"
B = "01KB0000000000000000000002"
C = "01KB0000000000000000000003"
D = "01KB0000000000000000000004"


@pytest.fixture(autouse=True)
def company(sessions: Sessions) -> None:
    reps(sessions)
    master_data(sessions)


def withdrawal(id: str, of: str, **fields: Any) -> dict[str, Any]:
    body = {"submission_id": of, "reason": "the customer called"}
    return submission(id, body, "withdrawal", **{"schema": 2, "supersedes": of, **fields})


def request(id: str, of: str, action: str = "cancel") -> dict[str, Any]:
    body = {"submission_id": of, "action": action, "message": "the customer has gone out of business"}
    return submission(id, body, "change_request", schema=2)


def put(sessions: Sessions, id: str, state: State, **values: Any) -> None:
    with sessions() as session, session.begin():
        row = session.scalars(select(Submission).where(Submission.id == id)).one()
        row.state = state.value
        for name, value in values.items():
            setattr(row, name, value)


@pytest.mark.parametrize("state", [State.QUEUED, State.RECEIVED, State.PARKED, State.REJECTED])
def test_an_unsent_document_is_withdrawn_on_every_phone_of_the_rep(sessions: Sessions, state: State) -> None:
    send(sessions, submission(A, order_body()))
    put(sessions, A, state)
    [result] = send(sessions, withdrawal(B, A))
    assert (result["status"], result["state"]) == ("received", "accepted")
    assert stored(sessions) == {A: "withdrawn", B: "accepted"}
    record = Replica(sessions, "R1").sync().records("submissions")[A]
    assert (record["state"], record["reason"], record["superseded_by"]) == (
        "withdrawn",
        "the customer called",
        None,
    )


def test_a_withdrawal_is_idempotent_and_so_is_a_second_one(sessions: Sessions) -> None:
    send(sessions, submission(A, order_body()))
    send(sessions, withdrawal(B, A))
    [second_result] = send(sessions, withdrawal(B, A))
    assert (second_result["status"], second_result["state"]) == ("duplicate", "accepted")
    [second] = send(sessions, withdrawal(C, A), device="D2")
    assert (second["status"], second["state"]) == ("received", "accepted")
    assert stored(sessions)[A] == "withdrawn"


@pytest.mark.parametrize(
    "state", [State.SENDING, State.UNKNOWN, State.ACCEPTED, State.HANDED_OVER, State.ON_HOLD]
)
def test_a_document_that_may_be_in_the_erp_is_not_withdrawn(sessions: Sessions, state: str) -> None:
    send(sessions, submission(A, order_body()))
    put(sessions, A, State(state))
    [result] = send(sessions, withdrawal(B, A))
    assert (result["status"], faults(result)) == ("refused", [("too_late", "supersedes")])
    assert stored(sessions) == {A: state, B: "rejected"}


def test_a_parked_document_that_may_be_in_the_erp_is_not_withdrawn(sessions: Sessions) -> None:
    send(sessions, submission(A, order_body()))
    put(sessions, A, State.PARKED, last_sent_at=NOW)
    [result] = send(sessions, withdrawal(B, A))
    assert faults(result) == [("too_late", "supersedes")]


def test_a_withdrawal_may_arrive_before_its_document(sessions: Sessions) -> None:
    [result] = send(sessions, withdrawal(B, A))
    assert (result["status"], result["state"]) == ("received", "accepted")
    [late] = send(sessions, submission(A, order_body()))
    assert (late["status"], late["state"]) == ("received", "withdrawn")
    with sessions() as session:
        row = inbox.get(session, A)
        assert row is not None and row.superseded_by is None


def test_a_withdrawal_of_another_reps_document_reveals_nothing(sessions: Sessions) -> None:
    send(sessions, submission(A, order_body()))
    [result] = send(sessions, withdrawal(B, A), rep="R2")
    assert (result["status"], result["state"]) == ("received", "accepted")
    assert stored(sessions)[A] == "queued"


def test_an_edited_copy_is_withdrawn_itself(sessions: Sessions) -> None:
    send(sessions, submission(A, order_body()))
    send(sessions, submission(B, order_body(notes="more"), supersedes=A))
    [late] = send(sessions, withdrawal(C, A))
    assert faults(late) == [("too_late", "supersedes")]
    send(sessions, withdrawal(D, B))
    assert stored(sessions) == {A: "superseded", B: "withdrawn", C: "rejected", D: "accepted"}


def test_withdrawing_a_refused_copy_leaves_the_original(sessions: Sessions) -> None:
    send(sessions, submission(A, order_body()))
    [copy] = send(sessions, submission(B, order_body("C9"), supersedes=A))
    assert copy["status"] == "refused"
    send(sessions, withdrawal(C, B))
    assert stored(sessions) == {A: "queued", B: "withdrawn", C: "accepted"}


def test_an_edited_copy_does_not_restore_a_withdrawn_document(sessions: Sessions) -> None:
    send(sessions, submission(A, order_body()))
    send(sessions, withdrawal(B, A))
    [copy] = send(sessions, submission(C, order_body(notes="x"), supersedes=A))
    assert faults(copy) == [("too_late", "supersedes")]


def test_the_envelope_must_name_what_the_body_names(sessions: Sessions) -> None:
    send(sessions, submission(A, order_body()))
    results = send(sessions, withdrawal(B, A, supersedes=None), withdrawal(C, A, supersedes=D))
    assert [faults(result) for result in results] == [[("field_invalid", "supersedes")]] * 2
    assert stored(sessions)[A] == "queued"


def test_an_amendment_does_not_wait_for_a_receipt(sessions: Sessions) -> None:
    send(sessions, submission(A, order_body()), submission(B, order_body()))
    put(sessions, B, State.ACCEPTED, erp_id="7", erp_number="SO7")
    receipt = [f"sha256:{'a' * 64}"]
    send(sessions, withdrawal(C, A, needs=receipt), {**request(D, B), "needs": receipt})
    assert stored(sessions) == {A: "withdrawn", B: "accepted", C: "accepted", D: "parked"}


# Change requests


def test_a_change_request_waits_for_the_office(sessions: Sessions) -> None:
    send(sessions, submission(A, order_body()))
    put(sessions, A, State.ACCEPTED, erp_id="7", erp_number="SO7")
    [result] = send(sessions, request(B, A))
    assert (result["status"], result["state"]) == ("received", "parked")
    with sessions() as session:
        row = inbox.get(session, B)
        assert row is not None
        assert (class_of(row), row.owner) == ("change_request", "office")
        assert row.reason == (
            "The rep asks to cancel Order for Customer C1, 1 line (SO7): the customer has gone out of business"
        )
    [second_result] = send(sessions, request(B, A))
    assert (second_result["status"], second_result["state"]) == ("duplicate", "parked")


@pytest.mark.parametrize(
    ("delivery", "deliveries"),
    [("partial", []), ("delivered", []), ("waiting", ["picked"]), ("waiting", ["cancelled", "shipped"])],
)
def test_a_change_request_is_refused_once_delivery_has_begun(
    sessions: Sessions, delivery: str, deliveries: list[str]
) -> None:
    shipments = [
        {"number": "1", "status": s, "date_planned": None, "date_done": None, "tracking": None, "lines": []}
        for s in deliveries
    ]
    axes = {"transport": "processing", "approval": "none", "delivery": delivery, "billing": "pending"}
    say(sessions, order("7", "C1", axes=axes, deliveries=shipments))
    send(sessions, submission(A, order_body()))
    put(sessions, A, State.ACCEPTED, erp_id="7", erp_number="SO7")
    [result] = send(sessions, request(B, A))
    assert (result["status"], faults(result)) == ("refused", [("delivery_begun", "submission_id")])
    assert result["errors"][0]["message"].startswith(
        "The delivery of Order for Customer C1, 1 line (SO7) has begun"
    )


def test_an_order_that_waits_may_be_changed_and_one_cancelled_there_may_not(sessions: Sessions) -> None:
    say(sessions, order("7", "C1"))
    send(sessions, submission(A, order_body()))
    put(sessions, A, State.ACCEPTED, erp_id="7", erp_number="SO7")
    [result] = send(sessions, request(B, A, "change"))
    assert result["state"] == "parked"
    axes = {"transport": "cancelled", "approval": "none", "delivery": "none", "billing": "none"}
    say(sessions, order("7", "C1", axes=axes))
    [result] = send(sessions, request(C, A))
    assert faults(result) == [("not_in_force", "submission_id")]


@pytest.mark.parametrize(
    "state", [State.QUEUED, State.PARKED, State.CANCELLED, State.WITHDRAWN, State.REJECTED]
)
def test_a_change_request_is_refused_for_a_document_outside_the_erp(sessions: Sessions, state: State) -> None:
    send(sessions, submission(A, order_body()))
    put(sessions, A, state)
    [result] = send(sessions, request(B, A))
    assert faults(result) == [("not_in_force", "submission_id")]


def test_a_change_request_for_another_reps_document_reveals_nothing(sessions: Sessions) -> None:
    send(sessions, submission(A, order_body()))
    put(sessions, A, State.ACCEPTED, erp_id="7", erp_number="SO7")
    results = send(sessions, request(B, A), request(C, D), rep="R2")
    assert [faults(result) for result in results] == [[("unknown_record", "submission_id")]] * 2


@pytest.mark.parametrize("action", [A, C])
def test_a_change_request_is_stored_after_the_order_of_its_push(sessions: Sessions, action: str) -> None:
    """It is told what it would be told a moment later, and not that there is no such order."""
    results = send(sessions, request(action, B), submission(B, order_body()))
    assert (results[1]["status"], results[1]["state"]) == ("received", "queued")
    assert faults(results[0]) == [("not_in_force", "submission_id")]
    put(sessions, B, State.ACCEPTED, erp_id="7", erp_number="SO7")
    [later] = send(sessions, request(D, B))
    assert (later["status"], later["state"]) == ("received", "parked")


def test_a_request_stored_before_its_field_was_renamed_keeps_its_title() -> None:
    body = {"submission_id": "X", change_request._OLD_NAME: "cancel"}
    assert change_request.CHANGE_REQUEST.title_for(body, lambda *ref: None) == "Request to cancel X"
