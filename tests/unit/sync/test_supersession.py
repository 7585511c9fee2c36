"""Edited copies: whatever the order of arrival, one document of a line reaches the ERP."""

from typing import Any

import pytest
from sqlalchemy import select

from backend.database.core import Sessions
from backend.inbox import submissions as inbox
from backend.inbox.models import Submission
from backend.sync.push import push
from sync_protocol.submission import State
from tests.unit.sync.company import master_data, order_body, reps, submission
from tests.unit.sync.replica import NOW

pytestmark = pytest.mark.both_dialects

A, B, C = ("01KB000000000000000000000" + n for n in "123")


@pytest.fixture(autouse=True)
def company(sessions: Sessions) -> None:
    reps(sessions)
    master_data(sessions)


def send(sessions: Sessions, *documents: Any, rep: str = "R1") -> list[str]:
    with sessions() as session, session.begin():
        results = push(session, rep_id=rep, device_id="D1", submissions=list(documents), now=NOW)
    return [f"{r['status']} {','.join(e['code'] for e in r['errors'])}".strip() for r in results]  # type: ignore[attr-defined]


def states(sessions: Sessions) -> dict[str, str]:
    with sessions() as session:
        return {s.id: s.state for s in session.scalars(select(Submission).order_by(Submission.id))}


def put(sessions: Sessions, id: str, *moves: State, **fields: Any) -> None:
    with sessions() as session, session.begin():
        found = inbox.get(session, id)
        assert found is not None
        for state in moves:
            inbox.move(session, found, state, now=NOW, actor="worker:1")
        for name, value in fields.items():
            setattr(found, name, value)


def good(id: str, supersedes: str | None = None) -> dict[str, Any]:
    return submission(id, order_body(), supersedes=supersedes)


def bad(id: str, supersedes: str | None = None) -> dict[str, Any]:
    return submission(id, order_body("C9"), supersedes=supersedes)


def test_a_copy_of_a_copy_that_came_too_late_is_too_late_itself(sessions: Sessions) -> None:
    send(sessions, good(A))
    put(sessions, A, State.SENDING, State.ACCEPTED, last_sent_at=NOW)
    assert send(sessions, good(B, A), good(C, B)) == ["refused too_late", "refused too_late"]


def test_a_copy_of_a_refused_copy_takes_the_place_of_the_original(sessions: Sessions) -> None:
    send(sessions, good(A))
    send(sessions, bad(B, A))
    assert send(sessions, good(C, B)) == ["received"]
    assert states(sessions) == {A: "superseded", B: "superseded", C: "queued"}


@pytest.mark.parametrize("state", [State.PARKED, State.REJECTED])
def test_what_the_erp_was_called_for_is_not_replaced(state: State, sessions: Sessions) -> None:
    send(sessions, good(A))
    put(sessions, A, State.SENDING, state, last_sent_at=NOW, erp_id="17")
    assert send(sessions, good(B, A)) == ["refused too_late"]


def test_of_two_copies_of_one_original_the_second_is_too_late(sessions: Sessions) -> None:
    assert send(sessions, good(B, A), good(C, A)) == ["received", "refused too_late"]
    send(sessions, good(A))
    assert states(sessions) == {A: "superseded", B: "queued", C: "rejected"}


def test_a_refused_copy_that_came_first_does_not_kill_the_original(sessions: Sessions) -> None:
    send(sessions, bad(B, A))
    assert send(sessions, good(A)) == ["received"]
    assert states(sessions) == {A: "queued", B: "rejected"}


def test_the_document_of_another_rep_is_as_if_it_were_not_there(sessions: Sessions) -> None:
    send(sessions, good(A), rep="R1")
    body = order_body("C2")
    own = submission(B, body, supersedes=A)
    unknown = submission(C, body, supersedes="01KB0000000000000000000009")
    assert send(sessions, own, unknown, rep="R2") == ["received", "received"]
    assert states(sessions)[A] == "queued"


def test_a_circle_of_copies_ends(sessions: Sessions) -> None:
    assert len(send(sessions, good(A, B), good(B, A))) == 2
    assert states(sessions) == {A: "superseded", B: "queued"}
