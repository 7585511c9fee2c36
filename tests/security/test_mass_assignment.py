"""A device sends every server-owned field, at every level of a document: none has an effect."""

from collections.abc import Iterator
from typing import Any

import pytest
from marshmallow import RAISE, Schema, fields

from backend.inbox.models import Submission
from sync_protocol.canonical import digest
from sync_protocol.catalogue import COLLECTIONS, KINDS
from tests.security.company import OFFICE_TOKEN
from tests.security.recorded_day import CLAIM, ORDER, Day
from tests.unit.api.installation import Installation, install
from tests.unit.office.people import store

OWNED = {
    **{column.name: "forged" for column in Submission.__table__.columns},
    "tenant": "other",
    "rep_id": "R2",
    "approved": True,
    "channel": "everyone",
    "role": "admin",
    "position": 1,
    "price_list": "free",
    "net": "0.00",
    "tax": "0.00",
    "gross": "0.00",
    "number": "SO1",
    "status": "posted",
}
"""Columns of the inbox, and names under which other products keep what only a server may decide."""
SENT = {"id", "kind", "captured_at", "zone", "schema", "body", "sha256", "needs", "depends_on", "supersedes"}
"""Fields of the envelope that are the device's own."""


def levels(schema: type[Schema], path: tuple[str, ...] = ()) -> Iterator[tuple[type[Schema], tuple[str, ...]]]:
    """Yield *schema* and every schema nested in it, with its path."""
    yield schema, path
    for name, declared in schema().fields.items():
        inner = declared.inner if isinstance(declared, fields.List) else declared
        if isinstance(inner, fields.Nested):
            yield from levels(type(inner.schema), (*path, name))


def inject(body: dict[str, Any], path: tuple[str, ...], schema: type[Schema]) -> None:
    """Add the owned fields that *schema* does not declare to each object of *body* at *path*."""
    if path:
        inner = body[path[0]]
        for each in inner if isinstance(inner, list) else [inner]:
            inject(each, path[1:], schema)
        return
    body |= {name: value for name, value in OWNED.items() if name not in schema().fields}


BODY_LEVELS = [
    (kind, s, path) for kind in ("order", "expense_claim", "forecast") for s, path in levels(KINDS[kind].schema)
]


@pytest.fixture
def day(installation: Installation) -> Day:
    day = Day(installation, installation.phone("R1"))
    day.publish()
    return day


@pytest.fixture
def installation(settings: Any, clock: Any) -> Iterator[Installation]:
    with install(settings, clock, lambda sessions: None) as installation:
        yield installation


def stored(day: Day, document: dict[str, Any]) -> dict[str, Any]:
    """Push *document*; return its row without what the device decides."""
    (result,) = day.phone.push(document).json["results"]
    assert result["status"] == "received", result
    with day.installation.sessions() as session:
        row = session.query(Submission).filter_by(id=document["id"]).one()
        return {
            c.name: getattr(row, c.name)
            for c in Submission.__table__.columns
            if c.name not in SENT | {"seq", "envelope"}
        }


@pytest.mark.parametrize(("kind", "schema", "path"), BODY_LEVELS, ids=lambda value: str(value)[-40:])
def test_no_level_of_a_body_sets_what_the_server_owns(day: Day, kind: str, schema: Any, path: Any) -> None:
    plain = day.document(ORDER, kind)
    forged = {**day.document(CLAIM, kind), "body": plain["body"]}
    expected = stored(day, plain)
    inject(forged["body"], path, schema)
    forged["sha256"] = digest(forged["body"])
    assert stored(day, forged) == expected
    assert expected["rep"] == "R1" and expected["device"] == day.phone.device_id


def test_the_envelope_sets_nothing_that_the_server_owns(day: Day) -> None:
    expected = stored(day, day.document(ORDER, "order"))
    forged = {**{k: v for k, v in OWNED.items() if k not in SENT}, **day.document(CLAIM, "order")}
    forged["body"] = day.document(ORDER, "order")["body"]
    forged["sha256"] = digest(forged["body"])
    assert {**stored(day, forged), "title": expected["title"]} == expected
    page = day.phone.pull(query={"schema": 2}).data
    assert b'"state":"forged"' not in page and b'"erp_number":"forged"' not in page


def test_every_level_of_a_record_refuses_a_field_that_it_does_not_declare() -> None:
    """marshmallow does not pass `unknown` on to nested schemas, so each level declares it."""
    for collection in COLLECTIONS.values():
        if collection.name != "submissions":
            for schema, path in levels(collection.schema):
                assert schema().unknown == RAISE, (collection.name, path)


def test_an_office_action_takes_no_field_beside_its_own(day: Day) -> None:
    stored(day, day.document(ORDER, "order"))
    installation = day.installation
    installation.change(lambda s: store(s, "anna", "it", OFFICE_TOKEN, now=installation.clock.now()))
    reply = installation.client.post(
        f"/v1/office/parked/{ORDER}/cancel",
        json={"why": "x", "role": "office", "user": "bert", "permissions": ["view", "decide"], **OWNED},
        headers={"Authorization": f"Bearer {OFFICE_TOKEN}"},
    )
    assert (reply.status_code, reply.headers["Satchel-Error"]) == (403, "role_missing")
