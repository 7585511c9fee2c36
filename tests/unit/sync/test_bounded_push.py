"""What one push may cost: its answer, its rows and its statements have bounds, whatever it contains."""

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from backend.database.core import Sessions
from backend.inbox import versions
from backend.inbox.models import Submission
from backend.sync import push
from backend.sync.push import PushTooLarge
from sync_protocol.catalogue.order import ORDER
from sync_protocol.collection import CheckContext
from sync_protocol.limits import LIMITS
from tests.unit.sync.company import master_data, order_body, reps, submission
from tests.unit.sync.pushing import send
from tests.work import counted

LINES = [{"line_no": "x", "quantity": 1, "unit": 2, "unit_price": 3} for _ in range(500)]


def number(n: int) -> str:
    return f"01KB00000000000000000{n:05}"


def copies(first: int, count: int, customer: str = "C9") -> list[Any]:
    """Return *count* orders from number *first* on; each is a copy of the one before it, if there is one."""
    return [
        submission(number(n), order_body(customer), **({"supersedes": number(n - 1)} if n else {}))
        for n in range(first, first + count)
    ]


@pytest.fixture(autouse=True)
def company(sessions: Sessions) -> None:
    reps(sessions)
    master_data(sessions)


def test_the_faults_of_a_document_are_counted_beyond_the_first_ones(sessions: Sessions) -> None:
    (result,) = send(sessions, submission(number(1), {**order_body(), "lines": LINES}))
    assert len(result["errors"]) == LIMITS.faults
    assert result["errors"][0]["field"] == "lines[0].line_no"
    assert result["errors"][-1]["field"] == ""
    assert result["errors"][-1]["message"] == f"more faults of this document: {500 * 5 - LIMITS.faults + 1}"


def test_the_warnings_of_a_document_are_counted_too() -> None:
    lines = [{**order_body()["lines"][0], "line_no": n, "unit_price": "0"} for n in range(1, 101)]
    context = CheckContext(dt.date(2026, 11, 23), lambda collection, key: {"name": "N" * 200})
    warnings = ORDER.warnings({**order_body(), "lines": lines}, context)
    assert 1 < len(warnings) <= LIMITS.faults
    assert warnings[-1].message.startswith("more faults of this document: ")


def test_the_answer_and_the_rows_of_a_push_are_bounded(sessions: Sessions) -> None:
    documents = [submission(number(n), {**order_body(), "lines": LINES[:150]}) for n in range(100)]
    results = send(sessions, *documents)
    pushed = len(json.dumps(documents))
    assert len(json.dumps(results)) < 500_000
    with sessions() as session:
        stored = session.scalar(
            select(func.sum(func.length(func.cast(Submission.errors, Submission.body.type))))
        )
    assert stored < 500_000 < pushed


@pytest.mark.both_dialects
def test_a_document_has_a_bounded_number_of_versions(sessions: Sessions) -> None:
    send(sessions, *copies(0, LIMITS.versions))
    (last,) = send(sessions, *copies(LIMITS.versions, 1))
    assert [error["code"] for error in last["errors"]] == ["unknown_record"]
    (one_more,) = send(sessions, *copies(LIMITS.versions + 1, 1, "C1"))
    assert [(error["code"], error["field"]) for error in one_more["errors"]] == [
        ("too_many_versions", "supersedes")
    ]
    with sessions() as session:
        line = versions.older(session, "R1", number(LIMITS.versions + 1))
        assert list(line) == [number(LIMITS.versions + 1 - n) for n in range(versions.MOST)]


@pytest.mark.both_dialects
def test_a_copy_takes_as_many_statements_behind_five_hundred_versions_as_behind_ten(sessions: Sessions) -> None:
    taken = []
    for start, end in ((0, 10), (11, 500)):
        for first in range(start, end, 100):
            send(sessions, *copies(first, min(100, end - first)))
        with counted() as work:
            send(sessions, *copies(end, 1))
        taken.append(work.statements)
    assert taken[1] <= taken[0]


def test_a_push_that_replaces_more_than_a_transaction_may_change_is_refused_as_a_whole(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    each, lines = 20, 4
    monkeypatch.setattr(push, "LIMITS", replace(LIMITS, push_changes=each * lines - 1))
    newest = []
    for line in range(lines):
        send(sessions, submission(number(line * 100), order_body("C9")), *copies(line * 100 + 1, each - 1))
        newest.append(line * 100 + each - 1)
    replacing = [
        submission(number(90_000 + n), order_body(), supersedes=number(old)) for n, old in enumerate(newest)
    ]
    with pytest.raises(PushTooLarge):
        send(sessions, *replacing)
    for half in (replacing[: lines // 2], replacing[lines // 2 :]):
        assert {result["status"] for result in send(sessions, *half)} == {"received"}
