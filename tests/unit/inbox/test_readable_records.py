"""Every record of a submission is valid for the catalogue, whatever the ERP, the office or the device wrote."""

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.inbox.models import Submission
from backend.inbox.records import as_record
from sync_protocol.canonical import canonical
from sync_protocol.catalogue import KINDS
from sync_protocol.catalogue.submissions import SUBMISSIONS
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.problem import ProblemSchema, problem
from sync_protocol.push import PushReplySchema, Status, result
from sync_protocol.readable import readable
from sync_protocol.submission import State

NOW = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)
ID = "01KB0000000000000000000001"
HOSTILE = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            "\x00",
            "\x1b[2J",
            "\x85",
            "\ud800",
            "\udfff so",
            "\u202eoh",
            "\u2066",
            "\ufffe",
            "x" * 5000,
            "é" * 1001,
        ]
    ),
    st.lists(st.sampled_from(["\x00", "\ud83d", "\u202e", "word ", "y" * 400])).map("".join),
)


def submission(kind: str, body: Any, **values: Any) -> Submission:
    columns = {
        "id": ID, "kind": kind, "rep": "R1", "captured_at": "2026-11-23T08:00:00Z", "received_at": NOW,
        "updated_at": NOW, "sha256": "0" * 64, "state": State.PARKED.value, "status": "received",
        "body": json.dumps(body), "errors": [], "needs": [], "warnings": [],
    }  # fmt: skip
    return Submission(**{**columns, **values})


@given(reason=HOSTILE, number=HOSTILE, title=HOSTILE, message=HOSTILE, field=HOSTILE)
def test_a_record_of_a_submission_is_valid_for_any_text(
    reason: str, number: str, title: str, message: str, field: str
) -> None:
    error = {"code": "field_invalid", "field": field, "message": message}
    body = {"purpose": title.encode("utf-8", "replace").decode(), "lines": []}
    row = submission("expense_claim", body, reason=reason, erp_number=number, errors=[error])
    record = as_record(row)
    assert SUBMISSIONS.faults(record) == []
    assert canonical(record)


@pytest.mark.parametrize("kind", [*KINDS, "a_newer_kind"])
def test_a_record_of_every_kind_is_valid_without_a_body(kind: str) -> None:
    assert SUBMISSIONS.faults(as_record(submission(kind, {}, status="refused"))) == []


@given(text=HOSTILE, field=HOSTILE)
def test_results_and_problems_are_valid_for_any_text(text: str, field: str) -> None:
    fault = Fault(ErrorCode.FIELD_INVALID, field, text)
    reply = {"results": [result(ID, Status.REFUSED, State.REJECTED, "0" * 64, [fault])]}
    assert PushReplySchema().validate(json.loads(json.dumps(reply))) == {}
    answer = problem(ErrorCode.ENVELOPE_INVALID, text, request_id="r1", errors=[fault])
    assert ProblemSchema().validate(json.loads(json.dumps(answer))) == {}


@given(text=HOSTILE)
def test_readable_text_is_storable_and_short_and_stays_the_same(text: str) -> None:
    cleaned = readable(text, 300)
    cleaned.encode()
    assert len(cleaned) <= 300 and "\x00" not in cleaned
    assert readable(cleaned, 300) == cleaned


def test_good_text_is_not_changed() -> None:
    text = "Zwölf Kisten\n\tfür Müller & Söhne, 10 % – شركة 木 👩‍🌾"
    assert readable(text, 300) == text
