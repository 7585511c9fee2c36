"""The routes of causes and batches: what they answer, and which roles may use them."""

from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from backend.api.endpoints.office_batches import MOST_AT_ONCE
from backend.inbox.models import Submission
from backend.office import accounts
from tests.unit.api.endpoints.test_office import issue_token
from tests.unit.api.installation import Installation, Phone
from tests.unit.sync.company import order_body, submission

COUNT = MOST_AT_ONCE + 2
IDS = [f"01KB00000000000000000001{n:02}" for n in range(COUNT)]
CAUSE = "reject_office-0123456789"
ABSENT = "01KB0000000000000000000999"


def ask(installation: Installation, token: str, method: str, path: str, **options: Any) -> TestResponse:
    headers = {"Authorization": f"Bearer {token}"}
    return installation.client.open(f"/v1/office/{path}", method=method, headers=headers, **options)


@pytest.fixture
def parked(installation: Installation, phone: Phone) -> Installation:
    """More documents with one cause than one request settles."""
    phone.push(*(submission(id, order_body(notes=id)) for id in IDS))

    def park(session: Any) -> None:
        for row in session.scalars(select(Submission).where(Submission.id.in_(IDS))):
            row.state, row.owner, row.reason, row.cause = "parked", "office", "over the limit", CAUSE
            row.error_class = "reject_office"

    installation.change(park)
    return installation


@pytest.fixture
def token(parked: Installation) -> str:
    return issue_token(parked, "anna", "order_desk")


def test_a_batch_is_begun_settled_in_steps_and_undone(parked: Installation, token: str) -> None:
    [cause] = ask(parked, token, "GET", "causes").json["causes"]
    assert (cause["cause"], cause["documents"], cause["kinds"]) == (CAUSE, COUNT, {"order": COUNT})
    assert cause["example"]["id"] == IDS[0]
    listed = ask(parked, token, "GET", "parked", query_string={"cause": CAUSE, "limit": "500"})
    assert [document["id"] for document in listed.json["documents"]] == IDS
    batch = ask(parked, token, "POST", "batches", json={"action": "retry", "cause": CAUSE}).json
    assert (batch["waiting"], [document["id"] for document in batch["documents"]]) == (COUNT, IDS)
    path = f"batches/{batch['id']}"
    assert ask(parked, token, "POST", f"{path}/continue").json["waiting"] == 2
    assert ask(parked, token, "POST", f"{path}/continue").json["waiting"] == 0
    assert ask(parked, token, "GET", "causes").json == {"causes": []}
    undone = ask(parked, token, "POST", f"{path}/undo", json={"why": "wrong cause"}).json
    assert (undone["undone_by"], {document["result"] for document in undone["documents"]}) == (
        "anna",
        {"undone"},
    )
    assert ask(parked, token, "GET", path).json == undone
    assert ask(parked, token, "POST", f"{path}/continue").status_code == 422
    [cause] = ask(parked, token, "GET", "causes").json["causes"]
    assert (cause["cause"], cause["documents"]) == (CAUSE, COUNT)


def test_each_wrong_field_is_named(parked: Installation, token: str) -> None:
    for body, field in (
        ({"action": "link", "cause": CAUSE}, "action"),
        ({"action": "retry", "cause": CAUSE, "limit": 0}, "limit"),
        ({"action": "return", "cause": CAUSE}, "why"),
        ({"action": "fix", "cause": CAUSE}, "changes"),
        ({"action": "fix", "cause": CAUSE, "changes": [{"field": "a", "old": 1}]}, "changes[0].new"),
        ({"action": "retry"}, "cause"),
    ):
        reply = ask(parked, token, "POST", "batches", json=body)
        assert (reply.status_code, [fault["field"] for fault in reply.json["errors"]]) == (422, [field]), body
    assert ask(parked, token, "POST", "batches", json={"action": "retry", "cause": "config"}).status_code == 404
    for path in (f"batches/{ABSENT}", "batches/x\x00"):
        assert ask(parked, token, "GET", path).status_code == 404
    for path in (f"batches/{ABSENT}/continue", f"batches/{ABSENT}/undo"):
        assert ask(parked, token, "POST", path, json={}).status_code == 404


def test_a_role_may_begin_continue_and_undo_what_it_may_do_singly(parked: Installation, token: str) -> None:
    it = issue_token(parked, "ivo", "it")
    refused = ask(parked, it, "POST", "batches", json={"action": "cancel", "cause": CAUSE, "why": "x"})
    assert (refused.status_code, refused.json["code"]) == (403, "role_missing")
    own = ask(parked, it, "POST", "batches", json={"action": "retry", "cause": CAUSE, "limit": 1}).json
    assert ask(parked, it, "POST", f"batches/{own['id']}/continue").json["waiting"] == 0
    body = {"action": "cancel", "cause": CAUSE, "why": "ordered twice"}
    others = ask(parked, token, "POST", "batches", json=body).json
    for step in ("continue", "undo"):
        assert ask(parked, it, "POST", f"batches/{others['id']}/{step}", json={}).status_code == 403
    assert ask(parked, it, "GET", f"batches/{others['id']}").status_code == 200


def test_an_account_that_is_revoked_meanwhile_settles_no_further_document(
    parked: Installation, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = ask(parked, token, "POST", "batches", json={"action": "retry", "cause": CAUSE}).json
    settled = 0
    read_to_write = accounts.read_to_write

    def revoked_after_three(*given: Any) -> Any:
        nonlocal settled
        settled += 1
        if settled == 5:  # once for the list, and three documents
            parked.change(lambda s: accounts.revoke(s, "anna", by="user:root", now=parked.clock.now()))
        return read_to_write(*given)

    monkeypatch.setattr(accounts, "read_to_write", revoked_after_three)
    reply = ask(parked, token, "POST", f"batches/{batch['id']}/continue")
    assert reply.status_code == 401
    with parked.sessions() as session:
        states = session.scalars(select(Submission.state).where(Submission.id.in_(IDS))).all()
    assert states.count("queued") == 3
