"""Rows with names from before the rules: the rep's phone works at every route, and nothing answers 5xx."""

import pytest
from sqlalchemy import select, update

from backend.identity import audit, enrolment
from backend.identity.models import Assignment, Device, Rep
from backend.inbox.models import Submission
from tests.unit.api.installation import Installation, Phone
from tests.unit.api.test_access_matrix import requests
from tests.unit.identity.hostile_names import HOSTILE
from tests.unit.sync.company import order_body, submission

ID = "01KB0000000000000000000001"
STORED = {name: text for name, text in HOSTILE.items() if name in ("a line break", "a space", "a C1 control")}


@pytest.fixture(params=STORED.values(), ids=STORED)
def broken(installation: Installation, request: pytest.FixtureRequest) -> Phone:
    """A phone of a rep whose id, channel and device name are *text*."""
    text = request.param

    def corrupt(session: object) -> str:
        session.add(Rep(id=text, name=text, role="sales", employee_number=text, active=True))
        session.flush()
        session.add(Assignment(rep=text, channel="territory:NW", since=installation.clock.now()))
        session.add(Assignment(rep=text, channel=f"territory:{text}", since=installation.clock.now()))
        return enrolment.create(session, text, installation.clock.now())

    phone = Phone(installation)
    reply = phone.enrol(installation.change(corrupt))
    assert reply.status_code == 201, reply.json
    installation.change(lambda s: s.execute(update(Device).values(name=text)))
    return phone


def test_no_route_fails(installation: Installation, broken: Phone) -> None:
    for endpoint, method, path in requests(installation):
        installation.forget_failures()
        reply = broken.ask(method, path, json={} if method == "POST" else None)
        # These tables were not made by a migration, so the server is not ready.
        assert reply.status_code < 500 or endpoint == "api.readyz", f"{method} {path} ({endpoint})"


def test_a_push_is_stored_and_a_pull_answered(installation: Installation, broken: Phone) -> None:
    reply = broken.push(submission(ID, order_body()))
    assert reply.status_code == 200
    assert [result["status"] for result in reply.json["results"]] == ["received"]
    with installation.sessions() as session:
        assert session.scalars(select(Submission.id)).all() == [ID]
        assert audit.entries(session)
    page = broken.pull().json
    assert "C1" in str(page["changes"])
    assert broken.pull(page["cursor"]).status_code == 200
    assert broken.ask("POST", "/v1/sync", json={"cursor": page["cursor"], "submissions": []}).json["page"]
    assert broken.refresh().status_code == 200
