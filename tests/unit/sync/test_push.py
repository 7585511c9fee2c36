"""Push: one result per document, nothing lost, nothing doubled."""

import threading
from typing import Any

import pytest
from sqlalchemy import func, select

from backend.database.core import Sessions
from backend.inbox import submissions as inbox
from backend.inbox.models import Quarantined, Submission
from backend.inbox.settle import settle
from backend.inbox.state_change import StateChange
from backend.sync import grants
from sync_protocol.change import Gone
from sync_protocol.submission import State
from tests.eventually import SECONDS
from tests.unit.sync.company import customer, master_data, order_body, reps, say, submission
from tests.unit.sync.pushing import A, B, C, faults, send, stored
from tests.unit.sync.replica import NOW, Replica

pytestmark = pytest.mark.both_dialects


@pytest.fixture(autouse=True)
def company(sessions: Sessions) -> None:
    reps(sessions)
    master_data(sessions)


def test_a_valid_order_is_queued_and_published_at_once(sessions: Sessions) -> None:
    [result] = send(sessions, submission(A, order_body()))
    assert result == {
        "id": A,
        "status": "received",
        "state": "queued",
        "sha256": submission(A, order_body())["sha256"],
        "errors": [],
        "warnings": [],
    }
    record = Replica(sessions, "R1").sync().records("submissions")[A]
    assert record["state"] == "queued"
    assert record["body"] == order_body()
    assert Replica(sessions, "R2").sync().records("submissions") == {}


def test_an_order_for_a_merged_customer_has_the_order_key_of_the_remaining_one(
    sessions: Sessions,
) -> None:
    cited = order_body()["customer_id"]
    say(sessions, customer("C8", "SE"), customer("C7", "SE", replaced_by="C8"))
    say(sessions, customer(cited, "NW", replaced_by="C7"))
    send(sessions, submission(A, order_body()))
    with sessions() as session:
        assert session.scalars(select(Submission.order_key)).one() == "customer:C8"


def test_the_same_document_again_is_a_duplicate_with_the_stored_result(sessions: Sessions) -> None:
    send(sessions, submission(A, order_body()))
    [second_result] = send(sessions, submission(A, order_body()), device="D2")
    assert (second_result["status"], second_result["state"]) == ("duplicate", "queued")
    assert len(stored(sessions)) == 1


def test_the_same_document_twice_in_one_push_is_stored_once(sessions: Sessions) -> None:
    results = send(sessions, submission(A, order_body()), submission(A, order_body()))
    assert [r["status"] for r in results] == ["received", "duplicate"]


def test_another_document_with_a_used_id_is_quarantined(sessions: Sessions) -> None:
    send(sessions, submission(A, order_body()))
    for _ in range(2):
        [result] = send(sessions, submission(A, order_body(notes="other")))
        assert (result["status"], faults(result)) == ("quarantined", [("id_reused", "id")])
    with sessions() as session:
        row = inbox.get(session, A)
        assert row is not None
        assert "other" not in row.body
        [apart] = session.scalars(select(Quarantined)).all()
        assert apart.document["body"]["notes"] == "other"


def test_an_id_of_another_rep_reveals_nothing(sessions: Sessions) -> None:
    send(sessions, submission(A, order_body()))
    [result] = send(sessions, submission(A, order_body()), rep="R2")
    assert (result["status"], result["state"]) == ("quarantined", None)


def test_an_invalid_document_does_not_block_its_neighbours(sessions: Sessions) -> None:
    results = send(
        sessions, "no submission", submission(A, order_body("C9")), {"id": C}, submission(B, order_body())
    )
    assert [r["status"] for r in results] == ["refused", "refused", "refused", "received"]
    assert [r["id"] for r in results] == [None, A, C, B]


BAD_ORDERS = {
    "an unknown customer": ({"customer_id": "C9"}, "unknown_record", "customer_id"),
    "a foreign customer": ({"customer_id": "C2"}, "unknown_record", "customer_id"),
    "no customer": ({"customer_id": None}, "field_missing", "customer_id"),
    "an unknown product": ({"product_id": "P9"}, "unknown_record", "lines[0].product_id"),
    "a product not for sale": ({"product_id": "P2"}, "not_for_sale", "lines[0].product_id"),
    "a negative quantity": ({"quantity": "-3"}, "field_invalid", "lines[0].quantity"),
    "a quantity of nothing": ({"quantity": "0"}, "field_invalid", "lines[0].quantity"),
    "an absurd quantity": ({"quantity": "1000001"}, "field_invalid", "lines[0].quantity"),
    "half a piece": ({"quantity": "1.5"}, "out_of_range", "lines[0].quantity"),
    "a quantity that is no text": ({"quantity": 3}, "field_invalid", "lines[0].quantity"),
    "a unit it is not sold in": ({"unit": "kg"}, "wrong_unit", "lines[0].unit"),
    "an unknown unit": ({"unit": "furlong"}, "unknown_record", "lines[0].unit"),
    "a decimal comma": ({"unit_price": "10,00"}, "field_invalid", "lines[0].unit_price"),
    "money with five decimals": ({"unit_price": "10.00001"}, "field_invalid", "lines[0].unit_price"),
    "a currency in small letters": ({"currency": "eur"}, "field_invalid", "currency"),
    "a date of another century": ({"order_date": "1999-01-01"}, "out_of_range", "order_date"),
    "a date in the far future": ({"requested_date": "2099-01-01"}, "out_of_range", "requested_date"),
    "a date that is none": ({"order_date": "2026-02-30"}, "field_invalid", "order_date"),
    "no lines": ({"lines": []}, "field_invalid", "lines"),
}


@pytest.mark.parametrize("name", BAD_ORDERS)
def test_a_fault_names_its_field_and_the_document_is_kept_as_rejected(name: str, sessions: Sessions) -> None:
    change, code, field = BAD_ORDERS[name]
    body = order_body()
    for key, value in change.items():
        (body["lines"][0] if key in body["lines"][0] else body)[key] = value
    [result] = send(sessions, submission(A, body))
    assert (result["status"], result["state"]) == ("refused", "rejected")
    assert faults(result) == [(code, field)]
    assert result["errors"][0]["message"]
    record = Replica(sessions, "R1").sync().records("submissions")[A]
    assert record["state"] == "rejected"
    assert record["errors"] == result["errors"]


def test_a_float_is_refused_with_its_path(sessions: Sessions) -> None:
    body = order_body()
    body["lines"][0]["quantity"] = 1.5
    document = {**submission(A, order_body()), "body": body}
    [result] = send(sessions, document)
    assert faults(result) == [("not_canonical", "body.lines[0].quantity")]
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(Quarantined)) == 1


def test_a_body_with_another_digest_is_refused(sessions: Sessions) -> None:
    [result] = send(sessions, {**submission(A, order_body()), "body": order_body(notes="changed on the way")})
    assert faults(result) == [("body_mismatch", "sha256")]


def test_an_unknown_kind_is_kept_for_the_office(sessions: Sessions) -> None:
    [result] = send(sessions, submission(A, {"anything": "at all"}, kind="hologram"))
    assert (result["status"], result["state"], faults(result)) == (
        "quarantined",
        "parked",
        [("unknown_kind", "kind")],
    )
    assert stored(sessions) == {A: "parked"}


def test_unknown_fields_of_a_newer_app_are_kept(sessions: Sessions) -> None:
    body = order_body(mood="good")
    [result] = send(sessions, submission(A, body, weather="rain"))
    assert result["status"] == "received"
    with sessions() as session:
        row = inbox.get(session, A)
        assert row is not None
        assert '"mood":"good"' in row.body
        assert row.envelope["weather"] == "rain"


def test_an_order_captured_before_its_customer_moved_is_still_taken(sessions: Sessions) -> None:
    say(sessions, customer("C1", "SE"))
    [result] = send(sessions, submission(A, order_body()))
    assert result["status"] == "received"


def test_an_order_captured_before_the_assignment_ended_is_still_taken(sessions: Sessions) -> None:
    with sessions() as session, session.begin():
        grants.unassign(session, "R1", "territory:NW", NOW)
    [result] = send(sessions, submission(A, order_body()))
    assert result["status"] == "received"


def test_an_order_for_a_deleted_customer_goes_to_the_erp_which_decides(sessions: Sessions) -> None:
    say(sessions, Gone("customers", "C1"))
    [result] = send(sessions, submission(A, order_body()))
    assert result["status"] == "received"


def test_an_edited_copy_supersedes_a_rejected_document(sessions: Sessions) -> None:
    send(sessions, submission(A, order_body("C9")))
    [result] = send(sessions, submission(B, order_body(), supersedes=A))
    assert result["status"] == "received"
    assert stored(sessions) == {A: "superseded", B: "queued"}
    records = Replica(sessions, "R1").sync().records("submissions")
    assert records[A]["superseded_by"] == B


def test_a_copy_that_arrives_before_its_original_supersedes_it(sessions: Sessions) -> None:
    send(sessions, submission(B, order_body(), supersedes=A))
    send(sessions, submission(A, order_body()))
    assert stored(sessions) == {A: "superseded", B: "queued"}


def test_a_document_being_sent_cannot_be_superseded(sessions: Sessions) -> None:
    send(sessions, submission(A, order_body()))
    with sessions() as session, session.begin():
        row = inbox.get(session, A)
        assert row is not None
        settle(session, row, StateChange.unchanged(row, State.SENDING), now=NOW, actor="worker:1")
    [result] = send(sessions, submission(B, order_body(), supersedes=A))
    assert faults(result) == [("too_late", "supersedes")]
    assert stored(sessions) == {A: "sending", B: "rejected"}


@pytest.mark.parametrize(("sent", "status"), [(True, "refused"), (False, "received")])
def test_a_parked_document_that_may_be_in_the_erp_cannot_be_superseded(
    sent: bool, status: str, sessions: Sessions
) -> None:
    """A copy beside it would be a second order; the office must look at the first."""
    send(sessions, submission(A, order_body()))
    with sessions() as session, session.begin():
        row = inbox.get(session, A)
        assert row is not None
        settle(session, row, StateChange.unchanged(row, State.PARKED), now=NOW, actor="worker:1")
        row.last_sent_at = NOW if sent else None
    [result] = send(sessions, submission(B, order_body(), supersedes=A))
    assert result["status"] == status


def test_a_copy_with_faults_does_not_supersede(sessions: Sessions) -> None:
    send(sessions, submission(A, order_body()))
    send(sessions, submission(B, order_body("C9"), supersedes=A))
    assert stored(sessions) == {A: "queued", B: "rejected"}


def test_the_same_push_from_eight_threads_at_once_stores_each_document_once(sessions: Sessions) -> None:
    documents = [submission(id, order_body()) for id in (A, B, C)]
    barrier = threading.Barrier(8)
    answers: list[list[dict[str, Any]]] = []

    def hurry(turned: bool) -> None:
        barrier.wait(SECONDS)
        answers.append(send(sessions, *(reversed(documents) if turned else documents)))

    threads = [threading.Thread(target=hurry, args=(n % 2 == 0,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    statuses = [result["status"] for answer in answers for result in answer]
    assert sorted(statuses) == ["duplicate"] * 21 + ["received"] * 3
    assert stored(sessions) == {A: "queued", B: "queued", C: "queued"}
