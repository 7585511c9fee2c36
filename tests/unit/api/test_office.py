"""The routes of the office: whose token they accept, what a role may do, and that guessing is slow."""

from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from backend.api.route import Auth
from backend.api.routes import ROUTES
from backend.clock import ManualClock
from backend.identity import audit
from backend.identity.models import OfficeAccount
from backend.inbox.models import Submission
from backend.office import accounts
from backend.office.accounts import PERMISSIONS
from backend.office.actions import ACTIONS
from backend.settings import Settings
from tests.unit.api.installation import Installation, Phone, install
from tests.unit.sync.company import order_body, submission

ID = "01KB0000000000000000000001"


@pytest.fixture
def token(here: Installation) -> str:
    return made(here, "anna", "office")


def made(here: Installation, name: str, role: str) -> str:
    return here.change(lambda s: accounts.issue(s, name, role, by="user:root", now=here.clock.now()))


def ask(here: Installation, token: str, action: str = "", method: str = "GET", **more: Any) -> TestResponse:
    path = f"/v1/office/parked/{action}".rstrip("/")
    return here.client.open(path, method=method, headers={"Authorization": f"Bearer {token}"}, **more)


def parked(here: Installation, phone: Phone) -> None:
    phone.push(submission(ID, order_body()))

    def park(session: Any) -> None:
        row = session.scalars(select(Submission).where(Submission.id == ID)).one()
        row.state, row.owner, row.reason = "parked", "office", "over the limit"

    here.change(park)


def test_a_token_is_kept_as_its_hash_and_replaced_by_the_next(here: Installation, token: str) -> None:
    assert ask(here, token).status_code == 200
    assert token not in repr(vars(here.get(OfficeAccount, "anna")))
    newer = made(here, "anna", "office")
    assert ask(here, token).json["code"] == "office_token_invalid"
    assert ask(here, newer).status_code == 200


def test_what_no_database_takes_is_refused_before_it_is_asked(clock: ManualClock, settings: Settings) -> None:
    with install(settings, clock) as here:
        token = made(here, "anna", "office")
        for way, path in (("GET", "\x00"), ("POST", "\x00/reserve"), ("POST", "\x00/link")):
            body = {"json": {"number": "SO1"}} if way == "POST" else {}
            assert ask(here, token, path, way, **body).json["code"] == "not_found"
        reply = ask(here, token, query_string={"rep": "\x00"})
        assert (reply.status_code, reply.json["errors"][0]["field"]) == (422, "rep")


def test_a_revoked_account_is_shut_out_at_once_and_it_is_on_record(here: Installation, token: str) -> None:
    assert here.change(lambda s: accounts.revoke(s, "anna", by="user:root", now=here.clock.now()))
    reply = ask(here, token)
    assert (reply.status_code, reply.json["code"]) == (401, "office_token_invalid")
    assert not here.change(lambda s: accounts.revoke(s, "anna", by="user:root", now=here.clock.now()))
    entries = here.change(lambda s: [e.action for e in audit.entries(s, subject="anna")])
    assert entries == ["office.revoke", "office.add"]


def test_a_phone_is_not_the_office_and_the_office_is_no_phone(
    here: Installation, phone: Phone, token: str
) -> None:
    routes = [route for route in ROUTES if route.auth is Auth.OFFICE]
    assert len(routes) == 2 + len(ACTIONS)
    for route in routes:
        path = route.path.replace("<id>", ID)
        assert phone.ask(route.method, path).json["code"] == "office_token_invalid"
    assert (
        here.client.get("/v1/pull", headers={"Authorization": f"Bearer {token}"}).json["code"]
        == "token_invalid"
    )


def test_guessing_is_slow(here: Installation) -> None:
    codes = [ask(here, f"so1.{n}").status_code for n in range(25)]
    assert codes[:20] == [401] * 20 and codes[-1] == 429
    here.clock.advance(minutes=5)
    assert ask(here, made(here, "anna", "office")).status_code == 200


def test_each_role_may_what_the_table_says(here: Installation, phone: Phone) -> None:
    parked(here, phone)
    everything = {"reserve", "release", "retry", "fix", "link", "cancel", "return", "done"}
    may = {"office": everything, "finance": everything, "it": {"reserve", "release", "retry"}}
    assert set(may) == set(PERMISSIONS) and everything == set(ACTIONS)
    for role, actions in may.items():
        token = made(here, role, role)
        assert ask(here, token).status_code == 200
        for action in ACTIONS:
            reply = ask(here, token, f"X/{action}", "POST", json={"why": "w", "number": "1", "body": {"x": 1}})
            assert reply.json["code"] == ("not_found" if action in actions else "role_missing"), action


def test_an_action_is_done_by_the_account_and_reaches_the_phone(
    here: Installation, phone: Phone, token: str
) -> None:
    parked(here, phone)
    assert [document["id"] for document in ask(here, token).json["documents"]] == [ID]
    reply = ask(here, token, f"{ID}/return", "POST", json={"why": "which address?"})
    assert (reply.status_code, reply.json["state"], reply.json["decision"]) == (200, "rejected", "returned")
    again = ask(here, token, f"{ID}/return", "POST", json={"why": "which address?"})
    assert (again.status_code, again.json) == (200, reply.json)
    [entry] = here.change(lambda s: audit.entries(s, subject=ID))
    assert (entry.actor, entry.action, entry.detail) == (
        "user:anna",
        "parked.return",
        {"why": "which address?"},
    )
    changes = phone.pull().json["changes"]
    [record] = [r for c in changes if c["collection"] == "submissions" for _, r in c["put"]]
    assert (record["state"], record["decision"]) == ("rejected", "returned")


def test_what_is_asked_wrongly_is_said_by_field(here: Installation, phone: Phone, token: str) -> None:
    parked(here, phone)
    for query in ({"limit": "0"}, {"limit": "x"}, {"limit": "501"}, {"owner": "me"}, {"class": "x"}):
        reply = ask(here, token, query_string=query)
        assert (reply.status_code, reply.json["errors"][0]["field"]) == (422, next(iter(query)))
    for action, body, field in (
        ("link", {}, "number"),
        ("fix", {"why": "x"}, "body"),
        ("retry", {"why": 1}, "why"),
        ("cancel", {"why": " "}, "why"),
    ):
        reply = ask(here, token, f"{ID}/{action}", "POST", json=body)
        assert (reply.status_code, reply.json["errors"][0]["field"]) == (422, field)
    assert ask(here, token, f"{ID}/burn", "POST", json={}).json["code"] == "not_found"
    assert here.change(lambda s: s.scalar(select(func.count()).select_from(Submission))) == 1
