"""Edited copies: whatever the order of arrival, one document of a line reaches the ERP."""

from typing import Any

import pytest
from sqlalchemy import select

from backend.database.core import Sessions
from backend.inbox import submissions as inbox
from backend.inbox.models import Submission
from backend.inbox.settle import settle
from backend.inbox.state_change import StateChange
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
    return [f"{r['status']} {','.join(e['code'] for e in r['errors'])}".strip() for r in results]


def states(sessions: Sessions) -> dict[str, str]:
    with sessions() as session:
        return {s.id: s.state for s in session.scalars(select(Submission).order_by(Submission.id))}


def change_row(sessions: Sessions, id: str, *moves: State, **fields: Any) -> None:
    with sessions() as session, session.begin():
        row = inbox.get(session, id)
        assert row is not None
        for state in moves:
            settle(session, row, StateChange.unchanged(row, state), now=NOW, actor="worker:1")
        for name, value in fields.items():
            setattr(row, name, value)


def valid_order(id: str, supersedes: str | None = None) -> dict[str, Any]:
    return submission(id, order_body(), supersedes=supersedes)


def invalid_order(id: str, supersedes: str | None = None) -> dict[str, Any]:
    return submission(id, order_body("C9"), supersedes=supersedes)


def test_a_copy_of_a_late_copy_is_too_late(sessions: Sessions) -> None:
    send(sessions, valid_order(A))
    change_row(sessions, A, State.SENDING, State.ACCEPTED, last_sent_at=NOW)
    assert send(sessions, valid_order(B, A), valid_order(C, B)) == ["refused too_late", "refused too_late"]


def test_a_copy_of_a_refused_copy_replaces_the_original(sessions: Sessions) -> None:
    send(sessions, valid_order(A))
    send(sessions, invalid_order(B, A))
    assert send(sessions, valid_order(C, B)) == ["received"]
    assert states(sessions) == {A: "superseded", B: "superseded", C: "queued"}


@pytest.mark.parametrize("state", [State.PARKED, State.REJECTED])
def test_a_document_sent_to_the_erp_is_not_replaced(state: State, sessions: Sessions) -> None:
    send(sessions, valid_order(A))
    change_row(sessions, A, State.SENDING, state, last_sent_at=NOW, erp_id="17")
    assert send(sessions, valid_order(B, A)) == ["refused too_late"]


def test_the_second_of_two_copies_is_too_late(sessions: Sessions) -> None:
    assert send(sessions, valid_order(B, A), valid_order(C, A)) == ["received", "refused too_late"]
    send(sessions, valid_order(A))
    assert states(sessions) == {A: "superseded", B: "queued", C: "rejected"}


def test_a_refused_copy_does_not_supersede_its_later_original(sessions: Sessions) -> None:
    send(sessions, invalid_order(B, A))
    assert send(sessions, valid_order(A)) == ["received"]
    assert states(sessions) == {A: "queued", B: "rejected"}


def test_a_document_of_another_rep_cannot_be_superseded(sessions: Sessions) -> None:
    send(sessions, valid_order(A), rep="R1")
    body = order_body("C2")
    own = submission(B, body, supersedes=A)
    unknown = submission(C, body, supersedes="01KB0000000000000000000009")
    assert send(sessions, own, unknown, rep="R2") == ["received", "received"]
    assert states(sessions)[A] == "queued"


def test_a_cycle_of_copies_ends(sessions: Sessions) -> None:
    assert len(send(sessions, valid_order(A, B), valid_order(B, A))) == 2
    assert states(sessions) == {A: "superseded", B: "queued"}
