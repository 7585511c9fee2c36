"""The office's list comes in pages, which are bounded by rows and by bytes."""

from typing import Any

import pytest
from sqlalchemy import update

from backend.inbox.models import Submission
from tests.unit.api.endpoints.test_office import issue_token
from tests.unit.api.installation import Installation, Phone
from tests.unit.sync.company import order_body, submission

COUNT = 9


@pytest.fixture
def token(installation: Installation, phone: Phone) -> str:
    """The token of an account, for a list of parked documents; each body has more than 1,000 bytes."""
    for n in range(COUNT):
        phone.push(submission(f"01KBR9Z8Q5T0000000000000{n:02}", order_body(notes="é" * 500)))
        if n % 3 == 0:
            installation.clock.advance(seconds=1)
    installation.change(lambda s: s.execute(update(Submission).values(state="parked", owner="office")))
    return issue_token(installation, "anna", "order_desk")


def ask(installation: Installation, token: str, **query: Any) -> Any:
    headers = {"Authorization": f"Bearer {token}"}
    return installation.client.get("/v1/office/parked", headers=headers, query_string=query)


@pytest.mark.parametrize(
    "query", [{"limit": 1}, {"limit": 4}, {"limit_bytes": 1}, {"limit_bytes": 3_000}, {"limit": COUNT}, {}]
)
def test_the_pages_have_every_document_once(
    installation: Installation, token: str, query: dict[str, int]
) -> None:
    ids: list[str] = []
    place: dict[str, str] = {}
    while True:
        reply = ask(installation, token, **query, **place).json
        assert len(reply["documents"]) <= query.get("limit", COUNT)
        assert len(reply["documents"]) <= max(1, query.get("limit_bytes", 1 << 20) // 1_000)
        ids += [document["id"] for document in reply["documents"]]
        if reply["next"] is None:
            break
        place = {"after": reply["next"]}
    assert ids == [f"01KBR9Z8Q5T0000000000000{n:02}" for n in range(COUNT)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("after", "x"),
        ("after", "2026-11-23/5x"),
        ("after", "0001-01-01T00:00:00+23:00/5"),
        ("limit_bytes", "0"),
        ("limit_bytes", "1048577"),
        ("limit", "501"),
        ("limit", "9" * 50),
    ],
)
def test_what_is_no_place_or_number_is_refused(
    installation: Installation, token: str, name: str, value: str
) -> None:
    reply = ask(installation, token, **{name: value})
    assert (reply.status_code, reply.json["errors"][0]["field"]) == (422, name)
