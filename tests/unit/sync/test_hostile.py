"""Documents no honest app would send: each gets its own answer, and its neighbour is taken."""

from typing import Any

import pytest

from backend.database.core import Sessions
from backend.sync.push import push
from sync_protocol.push import PushReplySchema
from tests.unit.sync.company import master_data, order_body, reps, submission
from tests.unit.sync.replica import NOW

A = "01KB0000000000000000000001"
GOOD = "01KB0000000000000000000002"


@pytest.fixture(autouse=True)
def company(sessions: Sessions) -> None:
    reps(sessions)
    master_data(sessions)


def float_behind_a_bad_name() -> dict[str, Any]:
    return {**submission(A, order_body()), "body": {"\ud800": 1.5}}


def float_behind_a_long_name() -> dict[str, Any]:
    return {**submission(A, order_body()), "body": {"n" * 5000: 1.5}}


HOSTILE = {
    "lines that are a number": lambda: submission(A, order_body(lines=5)),
    "lines that are true": lambda: submission(A, order_body(lines=True)),
    "a body of another kind": lambda: submission(A, {"lines": [1, None], "customer_id": []}),
    "half a surrogate pair in a field of its own": lambda: submission(A, order_body(), weather="\ud800"),
    "half a surrogate pair in the zone": lambda: submission(A, order_body(), zone="\ud800"),
    "half a surrogate pair in the kind": lambda: submission(A, order_body(), kind="\ud800"),
    "half a surrogate pair as the hash": lambda: {**submission(A, order_body()), "sha256": "\ud800"},
    "a NUL as the hash": lambda: {**submission(A, order_body()), "sha256": "\x00"},
    "a float behind a name that is no text": float_behind_a_bad_name,
    "a float behind an endless name": float_behind_a_long_name,
    "digits of another script": lambda: submission(
        A, order_body(lines=[{**order_body()["lines"][0], "quantity": "1\u0660"}])
    ),
    "a document that waits for itself": lambda: submission(A, order_body(), depends_on=[A]),
    "a document that waits for ten thousand": lambda: submission(A, order_body(), depends_on=[GOOD] * 10_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_document_is_refused_and_its_neighbour_stored(name: str, sessions: Sessions) -> None:
    documents = [HOSTILE[name](), submission(GOOD, order_body())]
    with sessions() as session, session.begin():
        results = push(session, rep_id="R1", device_id="D1", submissions=documents, now=NOW)
    assert [r["status"] for r in results] == ["refused", "received"]
    assert PushReplySchema().validate({"results": results}) == {}
    str(results).encode()
