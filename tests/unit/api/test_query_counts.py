"""How many statements a request takes, and what it does not depend on."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import event

from backend.clock import ManualClock
from backend.database.core import db
from backend.settings import Settings
from backend.sync import grants
from backend.sync.page import etag_of
from backend.sync.segments.links import SignedLinks
from tests.unit.api.installation import Installation, Phone, install
from tests.unit.sync.company import customer, order, order_body, receivable, say, submission, warehouse

pytestmark = pytest.mark.both_dialects


@pytest.fixture
def here(settings: Settings, clock: ManualClock) -> Iterator[Installation]:
    """An installation on either database."""
    with install(settings, clock) as installation:
        yield installation


@contextmanager
def counted(here: Installation) -> Iterator[list[str]]:
    """Yield the statements of the app's own connections inside the block."""
    statements: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        if statement not in ("BEGIN", "BEGIN IMMEDIATE"):
            statements.append(statement)

    with here.app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


def delta(here: Installation, phone: Phone, cursor: str) -> tuple[int, dict[str, Any]]:
    with counted(here) as statements:
        reply = phone.pull(cursor)
    assert reply.status_code == 200
    return len(statements), reply.json  # type: ignore[return-value]


def test_an_idle_poll_takes_one_statement_however_much_there_is(here: Installation, phone: Phone) -> None:
    for grown in (False, True):
        if grown:
            grow(here)
        cursor = phone.pull().json["cursor"]
        with counted(here) as statements:
            reply = phone.pull(cursor, headers={"If-None-Match": f'W/"{etag_of(cursor)}"'})
        assert (reply.status_code, len(statements)) == (304, 1)


def test_a_small_delta_takes_as_many_statements_as_before_in_a_company_that_grew(
    here: Installation, phone: Phone
) -> None:
    taken = []
    for round in range(2):
        cursor = phone.pull().json["cursor"]
        say(here.sessions, customer("C1", "NW", name=f"Changed {round}"))
        count, page = delta(here, phone, cursor)
        assert [len(change["put"]) for change in page["changes"]] == [1]
        taken.append(count)
        grow(here)
    assert taken[0] == taken[1] == 2


def test_streams_with_news_are_read_together(here: Installation, phone: Phone) -> None:
    grow(here)
    cursor = phone.pull().json["cursor"]
    taken = []
    for change in (
        customer("C1", "NW", name="New"),
        order("O7", "C1"),
        receivable("I7", "C1"),
        warehouse("W9"),
    ):
        say(here.sessions, change)
        taken.append(delta(here, phone, cursor)[0])
    # SQLite, which has no LATERAL, is asked once for each.
    each = 1 if here.settings.embedded else 0
    assert [count - taken[0] for count in taken] == [0, each, 2 * each, 3 * each]


def test_a_segment_takes_one_statement_whoever_asks(here: Installation, phone: Phone) -> None:
    say(here.sessions, *(customer(f"S{n:04}", "NW") for n in range(600)))
    (offered,) = json.loads(phone.pull(query={"schema": 2}).data)["segments"]
    path = f"/v1/segments/{offered['sha256']}"
    links = SignedLinks(here.satchel.keys, "https://cdn.example.com", 3600).at(here.clock.now())
    signed = urlsplit(links(offered["sha256"]))
    asked = {
        200: lambda: phone.ask("GET", path),
        206: lambda: phone.ask("GET", path, headers={"Range": "bytes=5-"}),
        304: lambda: phone.ask("GET", path, headers={"If-None-Match": f'"{offered["sha256"]}"'}),
        404: lambda: stranger.ask("GET", path),
    }
    stranger, taken = here.phone("R2"), {}
    for status, ask in asked.items():
        with counted(here) as statements:
            assert ask().status_code == status
        taken[status] = len(statements)
    assert taken == dict.fromkeys(asked, 1)
    with counted(here) as statements:
        assert here.client.get(f"{signed.path}?{signed.query}").status_code == 200
    assert len(statements) == 1


def test_a_push_takes_as_many_statements_for_fifty_documents_as_for_two(
    here: Installation, phone: Phone
) -> None:
    taken = []
    for batch, size in enumerate((2, 50)):
        documents = [submission(f"01KBR9Z8Q5T0000000000{batch}{n:04}", order_body()) for n in range(size)]
        with counted(here) as statements:
            reply = phone.push(*documents)
        assert [result["status"] for result in reply.json["results"]] == ["received"] * size
        taken.append(len(statements))
    assert taken[0] == taken[1] <= 13


def test_a_push_again_takes_no_more(here: Installation, phone: Phone) -> None:
    documents = [submission(f"01KBR9Z8Q5T00000000000{n:04}", order_body()) for n in range(50)]
    phone.push(*documents)
    with counted(here) as statements:
        reply = phone.push(*documents)
    assert {result["status"] for result in reply.json["results"]} == {"duplicate"}
    assert len(statements) <= 7


def grow(here: Installation) -> None:
    """More records, streams, channels and phones than before; none of it is news afterwards."""
    for n in range(12):
        name = f"T{n}"
        here.change(lambda s, name=name: grants.assign(s, "R1", f"territory:{name}", here.clock.now()))
        say(here.sessions, *(customer(f"{name}-{m}", name) for m in range(20)), order(f"O{name}", f"{name}-1"))
    for _ in range(5):
        here.phone("R2")
