"""The routes of the office: whose token they accept, what a role may do, and that guessing is slow."""

from typing import Any
from unittest.mock import Mock, patch

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from backend.api import request_body
from backend.api.route import Auth
from backend.api.routes import ROUTES
from backend.clock import ManualClock
from backend.identity import audit
from backend.identity.models import OfficeAccount
from backend.inbox.models import Submission
from backend.office import accounts
from backend.office.actions import ACTIONS
from backend.office.models import OfficeRole
from backend.office.roles import ROLES
from backend.settings import Settings
from tests.unit.api.installation import Installation, Phone, install
from tests.unit.office.people import issue
from tests.unit.sync.company import order_body, submission

ID = "01KB0000000000000000000001"


@pytest.fixture
def token(installation: Installation) -> str:
    return issue_token(installation, "anna", "order_desk")


def issue_token(installation: Installation, name: str, role: str) -> str:
    return installation.change(lambda s: issue(s, name, role, now=installation.clock.now()))


def call_office(
    installation: Installation, token: str, action: str = "", method: str = "GET", **options: Any
) -> TestResponse:
    path = f"/v1/office/parked/{action}".rstrip("/")
    return installation.client.open(
        path, method=method, headers={"Authorization": f"Bearer {token}"}, **options
    )


def parked(installation: Installation, phone: Phone) -> None:
    phone.push(submission(ID, order_body()))

    def park(session: Any) -> None:
        row = session.scalars(select(Submission).where(Submission.id == ID)).one()
        row.state, row.owner, row.reason = "parked", "office", "over the limit"

    installation.change(park)


def test_an_office_token_is_stored_as_a_hash_and_a_new_one_replaces_it(
    installation: Installation, token: str
) -> None:
    assert call_office(installation, token).status_code == 200
    assert token not in repr(vars(installation.get(OfficeAccount, "anna")))
    newer = issue_token(installation, "anna", "order_desk")
    assert call_office(installation, token).json["code"] == "office_token_invalid"
    assert call_office(installation, newer).status_code == 200


def test_text_that_no_database_stores_is_refused_by_the_office_api(
    clock: ManualClock, settings: Settings
) -> None:
    with install(settings, clock) as installation:
        token = issue_token(installation, "anna", "order_desk")
        for way, path in (("GET", "\x00"), ("POST", "\x00/reserve"), ("POST", "\x00/link")):
            body = {"json": {"number": "SO1"}} if way == "POST" else {}
            assert call_office(installation, token, path, way, **body).json["code"] == "not_found"
        reply = call_office(installation, token, query_string={"rep": "\x00"})
        assert (reply.status_code, reply.json["errors"][0]["field"]) == (422, "rep")


def test_a_revoked_account_is_refused_at_once_and_audited(installation: Installation, token: str) -> None:
    assert installation.change(
        lambda s: accounts.revoke(s, "anna", by="user:root", now=installation.clock.now())
    )
    reply = call_office(installation, token)
    assert (reply.status_code, reply.json["code"]) == (401, "office_token_invalid")
    assert not installation.change(
        lambda s: accounts.revoke(s, "anna", by="user:root", now=installation.clock.now())
    )
    entries = installation.change(lambda s: [e.action for e in audit.entries(s, subject="anna")])
    assert entries == ["office.revoke", "office.token", "office.add"]


def test_phone_tokens_and_office_tokens_are_not_interchangeable(
    installation: Installation, phone: Phone, token: str
) -> None:
    routes = [route for route in ROUTES if route.auth is Auth.OFFICE]
    assert len(routes) == 9 + len(ACTIONS), (
        "the list, a document, two of a receipt, causes, four of batches, and each action"
    )
    for route in routes:
        path = route.path.replace("<id>", ID).replace("<sha256>", "a" * 64)
        assert phone.ask(route.method, path).json["code"] == "role_missing"
    assert (
        installation.client.get("/v1/pull", headers={"Authorization": f"Bearer {token}"}).json["code"]
        == "token_invalid"
    )


def test_guessing_office_tokens_is_rate_limited(installation: Installation) -> None:
    codes = [call_office(installation, f"so1.{n}").status_code for n in range(25)]
    assert codes[:20] == [401] * 20 and codes[-1] == 429
    installation.clock.advance(minutes=5)
    assert call_office(installation, issue_token(installation, "anna", "order_desk")).status_code == 200


def test_each_role_has_the_permissions_of_the_table(installation: Installation, phone: Phone) -> None:
    parked(installation, phone)
    everything = {
        *("reserve", "release", "retry", "recall", "fix", "link", "unlink"),
        *("cancel", "return", "done", "approve"),
    }
    may = {
        "order_desk": everything,
        "finance": everything,
        "planning": everything,
        "purchasing": set(),
        "warehouse": set(),
        "marketing": set(),
        "service": set(),
        "auditor": set(),
        # Without a territory there is nobody to supervise.
        "supervisor": set(),
        "it": {"reserve", "release", "retry", "recall"},
    }
    assert set(may) == set(ROLES) and everything == set(ACTIONS)
    for role, actions in may.items():
        token = issue_token(installation, role, role)
        assert call_office(installation, token).status_code == (403 if role == "supervisor" else 200)
        for action in ACTIONS:
            reply = call_office(
                installation, token, f"X/{action}", "POST", json={"why": "w", "number": "1", "body": {"x": 1}}
            )
            assert reply.json["code"] == ("not_found" if action in actions else "role_missing"), action


@pytest.mark.parametrize(("role", "status"), [(None, 401), ("it", 403)], ids=["revoked", "another role"])
def test_an_account_that_loses_its_right_while_a_request_is_read_changes_nothing(
    installation: Installation, phone: Phone, token: str, role: str | None, status: int
) -> None:
    parked(installation, phone)

    def lose(session: Session) -> None:
        account = session.get_one(OfficeAccount, "anna")
        if role is None:
            account.revoked_at = installation.clock.now()
        else:
            session.get_one(OfficeRole, ("anna", "order_desk")).role = role

    def read(*given: Any) -> Any:
        installation.change(lose)
        return request_body.read(*given)

    with patch("backend.api.endpoints.office.request_body", Mock(wraps=request_body, read=read)):
        reply = call_office(installation, token, f"{ID}/cancel", "POST", json={"why": "twice"})
    assert reply.status_code == status
    assert installation.change(lambda s: s.scalars(select(Submission.state)).one()) == "parked"


def test_an_action_records_its_account_and_reaches_the_phone(
    installation: Installation, phone: Phone, token: str
) -> None:
    parked(installation, phone)
    assert [document["id"] for document in call_office(installation, token).json["documents"]] == [ID]
    reply = call_office(installation, token, f"{ID}/return", "POST", json={"why": "which address?"})
    assert (reply.status_code, reply.json["state"], reply.json["decision"]) == (200, "rejected", "returned")
    second_reply = call_office(installation, token, f"{ID}/return", "POST", json={"why": "which address?"})
    assert (second_reply.status_code, second_reply.json) == (200, reply.json)
    [entry] = installation.change(lambda s: audit.entries(s, subject=ID))
    assert (entry.actor, entry.action, entry.detail) == (
        "user:anna",
        "parked.return",
        {"why": "which address?"},
    )
    changes = phone.pull().json["changes"]
    [record] = [r for c in changes if c["collection"] == "submissions" for _, r in c["put"]]
    assert (record["state"], record["decision"]) == ("rejected", "returned")


def test_a_wrong_office_request_is_refused_with_its_field(
    installation: Installation, phone: Phone, token: str
) -> None:
    parked(installation, phone)
    for query in ({"limit": "0"}, {"limit": "x"}, {"limit": "501"}, {"owner": "me"}, {"class": "x"}):
        reply = call_office(installation, token, query_string=query)
        assert (reply.status_code, reply.json["errors"][0]["field"]) == (422, next(iter(query)))
    for action, body, field in (
        ("link", {}, "number"),
        ("fix", {"why": "x"}, "body"),
        ("retry", {"why": 1}, "why"),
        ("cancel", {"why": " "}, "why"),
    ):
        reply = call_office(installation, token, f"{ID}/{action}", "POST", json=body)
        assert (reply.status_code, reply.json["errors"][0]["field"]) == (422, field)
    assert call_office(installation, token, f"{ID}/burn", "POST", json={}).json["code"] == "not_found"
    assert installation.change(lambda s: s.scalar(select(func.count()).select_from(Submission))) == 1


def test_an_account_sees_and_changes_the_documents_of_its_territory_only(
    installation: Installation, phone: Phone
) -> None:
    parked(installation, phone)
    now = installation.clock.now()
    for territory, sees in (("NW", True), ("SE", False)):
        token = installation.change(lambda s, t=territory: issue(s, t, "supervisor", territory=t, now=now))
        documents = call_office(installation, token).json["documents"]
        assert [document["id"] for document in documents] == ([ID] if sees else [])
        assert call_office(installation, token, ID).status_code == (200 if sees else 404)
        for action in ACTIONS if not sees else ("reserve", "retry"):
            body = {"why": "no", "number": "1", "body": {"x": 1}}
            code = call_office(installation, token, f"{ID}/{action}", "POST", json=body).json.get("code")
            # A supervisor decides, and leaves sending again to others.
            refused = "role_missing" if action == "retry" else None if sees else "not_found"
            assert code == refused, action
