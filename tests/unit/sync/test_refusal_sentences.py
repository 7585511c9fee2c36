"""What a rep reads in the outbox about a refused amendment or copy: one sentence, no id, advice that helps."""

from typing import Any

import pytest

from backend.cli.device.tables import state_of
from backend.database.core import Sessions
from sync_protocol.device.capture.documents import Document
from sync_protocol.submission import State
from tests.unit.sync.company import master_data, order, order_body, reps, say, submission
from tests.unit.sync.pushing import send
from tests.unit.sync.replica import Replica
from tests.unit.sync.test_amendments import A, B, C, put, request, withdrawal

TITLE = "Order for Customer C1, 1 line"
IN_ERP = {"erp_id": "SO7", "erp_number": "SO7"}


@pytest.fixture(autouse=True)
def company(sessions: Sessions) -> None:
    reps(sessions)
    master_data(sessions)


def copy_of(id: str, of: str) -> dict[str, Any]:
    return submission(id, order_body(), supersedes=of)


def outbox_line(sessions: Sessions, id: str) -> str:
    """Return the state of the document *id* as `satchel device outbox` prints it after a sync."""
    record = Replica(sessions, "R1").sync().records("submissions")[id]
    return state_of(
        Document(
            id=id, kind=record["kind"], title=record["title"], captured_at=record["captured_at"], rep="R1",
            sha256=record["sha256"], stage=record["state"], errors=record["errors"],
            erp_number=record["erp_number"], reason=record["reason"], missing=record["missing"], attempts=1,
            state=record["state"], final_at=None, supersedes=record["supersedes"], body=record["body"],
        )
    )  # fmt: skip


MAKE = {"withdrawal": withdrawal, "request": request, "copy": copy_of}
ALREADY = f"{TITLE} (SO7) is in the ERP already"
MAYBE = f"{TITLE} may be in the ERP already"
TABLE = [
    (
        "withdrawal",
        State.ACCEPTED,
        IN_ERP,
        f"not withdrawn: {ALREADY} and can no longer be withdrawn; ask the office with a change request",
    ),
    (
        "withdrawal",
        State.UNKNOWN,
        {},
        f"not withdrawn: {MAYBE} and can no longer be withdrawn; ask the office with a change request",
    ),
    (
        "withdrawal",
        State.SUPERSEDED,
        {"superseded_by": C},
        f"not withdrawn: A newer version has replaced {TITLE}; withdraw that one",
    ),
    (
        "copy",
        State.ACCEPTED,
        IN_ERP,
        f"not sent: {ALREADY}, so this version is not sent; ask the office with a change request",
    ),
    (
        "copy",
        State.SENDING,
        {},
        f"not sent: {MAYBE}, so this version is not sent; ask the office with a change request",
    ),
    (
        "request",
        State.QUEUED,
        {},
        f"request refused: {TITLE} has not been sent to the ERP; withdraw it, or send an edited copy",
    ),
    (
        "request",
        State.WITHDRAWN,
        {},
        f"request refused: {TITLE} was withdrawn, so there is nothing to change",
    ),
    (
        "request",
        State.CANCELLED,
        IN_ERP,
        f"request refused: {TITLE} (SO7) was cancelled, so there is nothing to change",
    ),
    (
        "request",
        State.SUPERSEDED,
        {},
        f"request refused: {TITLE} was replaced by a newer version; ask for a change of that one",
    ),
    (
        "request",
        State.REJECTED,
        {},
        f"request refused: {TITLE} was rejected; correct it and capture it again",
    ),
]


@pytest.mark.parametrize(("kind", "state", "values", "sentence"), TABLE)
def test_a_refused_amendment_says_what_the_rep_can_do(
    sessions: Sessions, kind: str, state: State, values: dict[str, Any], sentence: str
) -> None:
    send(sessions, submission(A, order_body()))
    put(sessions, A, state, **values)
    [result] = send(sessions, MAKE[kind](B, A))
    assert result["status"] == "refused"
    line = outbox_line(sessions, B)
    assert line == sentence
    assert A not in line and B not in line


def test_a_request_for_an_order_whose_delivery_has_begun_says_so(sessions: Sessions) -> None:
    send(sessions, submission(A, order_body()))
    put(sessions, A, State.ACCEPTED, erp_id="O1", erp_number="SO7")
    axes = {"transport": "processing", "approval": "none", "delivery": "partial", "billing": "pending"}
    say(sessions, order("O1", "C1", axes=axes))
    send(sessions, request(B, A))
    assert outbox_line(sessions, B) == (
        f"request refused: The delivery of {TITLE} (SO7) has begun; "
        "ask the office, because the goods may have to come back"
    )


def test_a_request_for_a_document_of_nobody_names_no_id(sessions: Sessions) -> None:
    send(sessions, request(B, A))
    assert outbox_line(sessions, B) == "request refused: The document to change is not among your documents"


def test_a_second_copy_is_told_that_a_newer_version_exists(sessions: Sessions) -> None:
    send(sessions, submission(A, order_body()))
    send(sessions, copy_of(B, A))
    send(sessions, copy_of(C, A))
    assert outbox_line(sessions, C) == (
        "not sent: A newer version has replaced the document already; edit that one"
    )


def test_a_fault_of_a_line_names_the_line_and_the_field_in_words(sessions: Sessions) -> None:
    body = order_body()
    body["lines"][0]["quantity"] = "-3"
    send(sessions, submission(A, body))
    assert outbox_line(sessions, A) == (
        "rejected; correct it and capture it again: line 1, quantity: must be more than 0, not -3"
    )


@pytest.mark.parametrize("message", ["", "  \n", "\u200b\u00a0"])
def test_a_change_request_without_a_message_is_refused(sessions: Sessions, message: str) -> None:
    send(sessions, submission(A, order_body()))
    put(sessions, A, State.ACCEPTED, erp_id="SO7", erp_number="SO7")
    body = {"submission_id": A, "action": "change", "message": message}
    [result] = send(sessions, submission(B, body, "change_request", schema=2))
    assert (result["status"], result["errors"][0]["field"]) == ("refused", "message")
    assert outbox_line(sessions, B) == "request refused: message: must not be empty"


def test_a_blank_reason_of_a_withdrawal_is_not_shown(sessions: Sessions) -> None:
    send(sessions, submission(A, order_body()))
    send(sessions, submission(B, {"submission_id": A, "reason": " "}, "withdrawal", schema=2, supersedes=A))
    record = Replica(sessions, "R1").sync().records("submissions")[A]
    assert record["reason"] == "Withdrawn by the rep"
