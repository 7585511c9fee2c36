"""Object-level access: what belongs to another rep is, at every route and in every id of a push, not there."""

import copy
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from marshmallow import Schema
from marshmallow import fields as ma
from sqlalchemy import select

from backend.inbox.models import Submission
from sync_protocol.catalogue import KINDS
from sync_protocol.fields import Key
from sync_protocol.validators import schema_instance
from tests.unit.api.endpoints.receipt_upload import JPEG, create, patch, tus
from tests.unit.api.endpoints.segment_download import large, offered_segment, phone
from tests.unit.api.installation import Installation, Phone
from tests.unit.sync.company import order_body, submission

__all__ = ["large", "phone"]

OWN, THEIRS, NEW = "01KB0000000000000000000001", "01KB0000000000000000000002", "01KB0000000000000000000003"
BODIES: dict[str, dict[str, Any]] = {
    "order": {**order_body(), "warehouse_id": "W1", "price_list_id": None},
    "forecast": {
        "warehouse_id": "W1",
        "period": "2026-12",
        "revision": 1,
        "customer_id": "C1",
        "lines": [{"line_no": 1, "product_id": "P1", "quantity": "3", "unit": "u"}],
    },
    "expense_claim": {
        "purpose": "Lunch",
        "customer_id": "C1",
        "currency": "EUR",
        "lines": [
            {"line_no": 1, "date": "2026-11-20", "category_id": "meals", "description": "x", "amount": "3.00"}
        ],
    },
    "withdrawal": {"submission_id": OWN},
    "change_request": {"submission_id": OWN, "action": "cancel", "message": "please"},
}
"""A valid body of each kind, for R1."""
FOREIGN = {"customers": "C2"}
"""A record that R2 may read and R1 may not. Records of the other collections are for every rep."""


def citing(schema: Schema, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Yield the path of each field that cites a record, and the record's collection."""
    for name, declared in schema.fields.items():
        inner = declared.inner if isinstance(declared, ma.List) else declared
        if isinstance(inner, ma.Nested):
            yield from citing(inner.schema, (*path, name, 0) if inner is not declared else (*path, name))
        elif isinstance(inner, Key) and inner.references:
            yield (*path, name), inner.references


CITED = [
    pytest.param(kind, path, collection, id=f"{kind}-{'.'.join(map(str, path))}")
    for kind, declared in KINDS.items()
    for path, collection in citing(schema_instance(declared.schema))
]


def push(phone: Phone, *documents: dict[str, Any]) -> list[dict[str, Any]]:
    reply = phone.push(*documents)
    assert reply.status_code == 200
    return reply.json["results"]


def shown(path: tuple[Any, ...]) -> str:
    return ".".join(map(str, path)).replace(".0", "[0]")


def state_of_theirs(installation: Installation) -> tuple[str, str, str]:
    """Return rep, state and body of the document of R2."""
    with installation.sessions() as session:
        stored = session.scalars(
            select(Submission).where(Submission.id == THEIRS, Submission.rep == "R2")
        ).one()
        return stored.rep, stored.state, str(stored.body)


def test_every_kind_has_a_body() -> None:
    assert set(BODIES) == set(KINDS)


@pytest.mark.parametrize(("kind", "path", "collection"), CITED)
def test_a_record_of_another_rep_is_unknown_in_a_push(
    installation: Installation, kind: str, path: tuple[Any, ...], collection: str
) -> None:
    phone = installation.phone()
    body = copy.deepcopy(BODIES[kind])
    holder: Any = body
    for part in path[:-1]:
        holder = holder[part]
    holder[path[-1]] = foreign = FOREIGN.get(collection, "NOBODYS")
    (result,) = push(phone, submission(OWN, body, kind, schema=2))
    assert result["status"] == "refused", result
    assert [(fault["code"], fault["field"]) for fault in result["errors"]] == [("unknown_record", shown(path))]
    holder[path[-1]] = "NOTHING"
    (nothing,) = push(phone, submission(NEW, body, kind, schema=2))
    assert str(result["errors"]).replace(foreign, "NOTHING") == str(nothing["errors"]), "it is shown to exist"


@pytest.mark.parametrize("kind", ["withdrawal", "change_request"])
def test_a_document_of_another_rep_is_unknown_to_an_amendment(installation: Installation, kind: str) -> None:
    phone, other = installation.phone("R1"), installation.phone("R2")
    push(other, submission(THEIRS, order_body("C2")))
    before = state_of_theirs(installation)
    results = [
        push(phone, submission(id, {**BODIES[kind], "submission_id": named}, kind, schema=2))[0]
        for id, named in ((OWN, THEIRS), (NEW, "01KB0000000000000000000009"))
    ]
    assert [result["status"] for result in results] == ["refused", "refused"]
    refusals = [[(fault["code"], fault["field"]) for fault in result["errors"]] for result in results]
    assert refusals[0] == refusals[1]
    assert state_of_theirs(installation) == before


def test_a_document_of_another_rep_is_not_superseded_and_not_shown(installation: Installation) -> None:
    phone, other = installation.phone("R1"), installation.phone("R2")
    document = submission(THEIRS, order_body("C2"))
    push(other, document)
    before = state_of_theirs(installation)
    copy_of_theirs = submission(NEW, order_body(), supersedes=THEIRS)
    push(phone, copy_of_theirs, submission(OWN, order_body(), depends_on=[THEIRS]))
    assert state_of_theirs(installation) == before
    (again,) = push(phone, document)
    assert again["status"] not in ("received", "duplicate"), again
    shown_now = [
        json.loads(row)["id"] if isinstance(row, str) else row["id"]
        for change in phone.pull(query={"schema": 2}).json["changes"]
        if change["collection"] == "submissions"
        for _, row in change["put"]
    ]
    assert THEIRS not in shown_now and NEW in shown_now
    assert state_of_theirs(installation) == before


def test_an_upload_of_another_rep_is_not_there(installation: Installation) -> None:
    phone, other = installation.phone("R1"), installation.phone("R2")
    place = urlsplit(create(other).headers["Location"]).path
    for reply in (tus(phone, "HEAD", place), patch(phone, place, 0, JPEG[:5]), tus(phone, "DELETE", place)):
        assert (reply.status_code, reply.headers["Satchel-Error"]) == (404, "not_found")
    assert tus(other, "HEAD", place).headers["Upload-Offset"] == "0"


def test_a_receipt_of_another_rep_does_not_spare_the_upload(installation: Installation) -> None:
    phone, other = installation.phone("R1"), installation.phone("R2")
    place = urlsplit(create(other).headers["Location"]).path
    assert patch(other, place, 0, JPEG).status_code == 204
    assert create(phone).headers["Upload-Offset"] == "0"


def test_a_segment_of_another_rep_is_not_there(large: Installation, phone: Phone) -> None:
    name = offered_segment(phone)["sha256"]
    for method in ("GET", "HEAD"):
        reply = large.phone("R2").ask(method, f"/v1/segments/{name}")
        assert (reply.status_code, reply.headers["Satchel-Error"]) == (404, "not_found")


def test_a_cursor_of_another_rep_gives_none_of_their_rows(installation: Installation) -> None:
    phone, other = installation.phone("R1"), installation.phone("R2")
    cursor = other.pull().json["cursor"]
    for reply in (
        phone.pull(cursor),
        phone.ask("POST", "/v1/sync", json={"cursor": cursor, "submissions": []}),
    ):
        page = reply.json.get("page") or reply.json
        channels = {change["channel"] for change in page["changes"]}
        assert channels <= {"everyone", "rep:R1", "territory:NW", "warehouse:W1"}
        assert "C2" not in str(page["changes"])
    sums = [["territory:SE", "customers", None, None]]
    verified = phone.ask("POST", "/v1/verify", json={"cursor": cursor, "schema": 2, "sums": sums})
    assert "C2" not in verified.get_data(as_text=True)
