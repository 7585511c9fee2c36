"""Push: one result per document, nothing lost, nothing doubled."""

import threading
from typing import Any

import pytest
from sqlalchemy import func, select

from backend.database.core import Sessions
from backend.inbox import submissions as inbox
from backend.inbox.models import Quarantined, Submission
from backend.sync import grants
from backend.sync.push import push
from sync_protocol.change import Gone
from sync_protocol.submission import State
from tests.unit.sync.company import customer, master_data, order_body, reps, say, submission
from tests.unit.sync.replica import NOW, Replica

pytestmark = pytest.mark.both_dialects

A = "01KB0000000000000000000001"
B = "01KB0000000000000000000002"
C = "01KB0000000000000000000003"


@pytest.fixture(autouse=True)
def company(sessions: Sessions) -> None:
    reps(sessions)
    master_data(sessions)


def send(sessions: Sessions, *documents: Any, rep: str = "R1", device: str = "D1") -> list[dict[str, Any]]:
    with sessions() as session, session.begin():
        return push(session, rep_id=rep, device_id=device, submissions=list(documents), now=NOW)


def faults(result: dict[str, Any]) -> list[tuple[str, str]]:
    return [(error["code"], error["field"]) for error in result["errors"]]


def stored(sessions: Sessions) -> dict[str, str]:
    with sessions() as session:
        return {s.id: s.state for s in session.scalars(select(Submission))}


def test_a_good_order_is_received_queued_and_in_the_feed_at_once(sessions: Sessions) -> None:
    [result] = send(sessions, submission(A, order_body()))
    assert result == {
        "id": A,
        "status": "received",
        "state": "queued",
        "sha256": submission(A, order_body())["sha256"],
        "errors": [],
    }
    record = Replica(sessions, "R1").sync().records("submissions")[A]
    assert record["state"] == "queued"
    assert record["body"] == order_body()
    assert Replica(sessions, "R2").sync().records("submissions") == {}


def test_an_order_for_a_merged_customer_stands_in_line_with_those_for_the_one_that_is_left(
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
    [again] = send(sessions, submission(A, order_body()), device="D2")
    assert (again["status"], again["state"]) == ("duplicate", "queued")
    assert len(stored(sessions)) == 1


def test_the_same_document_twice_in_one_push_is_stored_once(sessions: Sessions) -> None:
    results = send(sessions, submission(A, order_body()), submission(A, order_body()))
    assert [r["status"] for r in results] == ["received", "duplicate"]


def test_another_document_under_a_used_id_is_kept_apart_and_overwrites_nothing(sessions: Sessions) -> None:
    send(sessions, submission(A, order_body()))
    for _ in range(2):
        [result] = send(sessions, submission(A, order_body(notes="other")))
        assert (result["status"], faults(result)) == ("quarantined", [("id_reused", "id")])
    with sessions() as session:
        found = inbox.get(session, A)
        assert found is not None
        assert "other" not in found.body
        [apart] = session.scalars(select(Quarantined)).all()
        assert apart.document["body"]["notes"] == "other"


def test_the_id_of_another_rep_tells_nothing_of_his_document(sessions: Sessions) -> None:
    send(sessions, submission(A, order_body()))
    [result] = send(sessions, submission(A, order_body()), rep="R2")
    assert (result["status"], result["state"]) == ("quarantined", None)


def test_a_bad_document_does_not_block_its_neighbours(sessions: Sessions) -> None:
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


def test_a_float_is_named_where_it_stands(sessions: Sessions) -> None:
    body = order_body()
    body["lines"][0]["quantity"] = 1.5
    document = {**submission(A, order_body()), "body": body}
    [result] = send(sessions, document)
    assert faults(result) == [("not_canonical", "body.lines[0].quantity")]
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(Quarantined)) == 1


def test_a_body_that_is_not_what_was_hashed_is_refused(sessions: Sessions) -> None:
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
        found = inbox.get(session, A)
        assert found is not None
        assert '"mood":"good"' in found.body
        assert found.envelope["weather"] == "rain"


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


def test_a_copy_that_arrives_before_what_it_supersedes_wins_all_the_same(sessions: Sessions) -> None:
    send(sessions, submission(B, order_body(), supersedes=A))
    send(sessions, submission(A, order_body()))
    assert stored(sessions) == {A: "superseded", B: "queued"}


def test_what_is_on_its_way_cannot_be_superseded(sessions: Sessions) -> None:
    send(sessions, submission(A, order_body()))
    with sessions() as session, session.begin():
        found = inbox.get(session, A)
        assert found is not None
        inbox.move(session, found, State.SENDING, now=NOW, actor="worker:1")
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
        found = inbox.get(session, A)
        assert found is not None
        inbox.move(session, found, State.PARKED, now=NOW, actor="worker:1")
        found.last_sent_at = NOW if sent else None
    [result] = send(sessions, submission(B, order_body(), supersedes=A))
    assert result["status"] == status


def test_a_copy_with_faults_does_not_supersede(sessions: Sessions) -> None:
    send(sessions, submission(A, order_body()))
    send(sessions, submission(B, order_body("C9"), supersedes=A))
    assert stored(sessions) == {A: "queued", B: "rejected"}


CLAIM = {
    "purpose": "Visit",
    "customer_id": "C1",
    "currency": "EUR",
    "lines": [
        {
            "line_no": 1,
            "date": "2026-11-20",
            "category_id": "meals",
            "description": "Lunch",
            "amount": "18.00",
        }
    ],
}


def claim(**line: Any) -> dict[str, Any]:
    return {**CLAIM, "lines": [{**CLAIM["lines"][0], **line}]}


def test_a_claim_over_the_policy_wants_a_receipt_and_a_justification(sessions: Sessions) -> None:
    [result] = send(sessions, submission(A, claim(amount="120.00"), kind="expense_claim"))
    assert faults(result) == [("receipt_required", "lines[0].receipts"), ("over_limit", "lines[0].amount")]
    [result] = send(sessions, submission(B, claim(), kind="expense_claim"))
    assert result["status"] == "received"


def test_a_claim_waits_for_its_receipts(sessions: Sessions) -> None:
    ref = "sha256:" + "a" * 64
    [result] = send(sessions, submission(A, claim(receipts=[ref]), kind="expense_claim", needs=[ref]))
    assert (result["status"], result["state"]) == ("received", "received")
    assert Replica(sessions, "R1").sync().records("submissions")[A]["missing"] == [ref]


def test_a_claim_for_nobody_is_refused(sessions: Sessions) -> None:
    [result] = send(sessions, submission(A, {**CLAIM, "customer_id": None}, kind="expense_claim"))
    assert faults(result) == [("field_missing", "customer_id")]


def test_a_forecast_for_a_past_month_is_refused(sessions: Sessions) -> None:
    line = {"line_no": 1, "product_id": "P1", "quantity": "5", "unit": "u"}
    body = {"warehouse_id": "W1", "period": "2026-12", "revision": 1, "lines": [line]}
    [good] = send(sessions, submission(A, body, kind="forecast"))
    [past] = send(sessions, submission(B, {**body, "period": "2026-10"}, kind="forecast"))
    assert good["status"] == "received"
    assert faults(past) == [("out_of_range", "period")]


def test_the_same_push_from_eight_threads_at_once_stores_each_document_once(sessions: Sessions) -> None:
    documents = [submission(id, order_body()) for id in (A, B, C)]
    barrier = threading.Barrier(8)
    answers: list[list[dict[str, Any]]] = []

    def hurry(turned: bool) -> None:
        barrier.wait(10)
        answers.append(send(sessions, *(reversed(documents) if turned else documents)))

    threads = [threading.Thread(target=hurry, args=(n % 2 == 0,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    statuses = [result["status"] for answer in answers for result in answer]
    assert sorted(statuses) == ["duplicate"] * 21 + ["received"] * 3
    assert stored(sessions) == {A: "queued", B: "queued", C: "queued"}
