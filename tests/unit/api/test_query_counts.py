"""How many statements a request takes, and what it does not depend on."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import event

from backend.clock import ManualClock
from backend.database.web_session import db
from backend.settings import Settings
from backend.sync import grants
from backend.sync.page import etag_of
from backend.sync.segments.links import SignedLink, SignedLinks
from tests.unit.api.installation import Installation, Phone, install
from tests.unit.sync.company import customer, order, order_body, receivable, say, submission, warehouse
from tests.unit.sync.prices import limit, price, price_list

pytestmark = pytest.mark.both_dialects


@pytest.fixture
def installation(settings: Settings, clock: ManualClock) -> Iterator[Installation]:
    """An installation on either database."""
    with install(settings, clock) as installation:
        yield installation


@contextmanager
def counted(installation: Installation) -> Iterator[list[str]]:
    """Yield the statements of the app's own connections inside the block."""
    statements: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement not in ("BEGIN", "BEGIN IMMEDIATE"):
            statements.append(statement)

    with installation.app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


def delta(installation: Installation, phone: Phone, cursor: str) -> tuple[int, dict[str, Any]]:
    with counted(installation) as statements:
        reply = phone.pull(cursor)
    assert reply.status_code == 200
    return len(statements), reply.json


def test_an_idle_poll_takes_one_statement_however_much_there_is(
    installation: Installation, phone: Phone
) -> None:
    for grown in (False, True):
        if grown:
            grow(installation)
        cursor = phone.pull().json["cursor"]
        with counted(installation) as statements:
            reply = phone.pull(cursor, headers={"If-None-Match": f'W/"{etag_of(cursor)}"'})
        assert (reply.status_code, len(statements)) == (304, 1)


def test_a_small_delta_takes_as_many_statements_as_before_in_a_company_that_grew(
    installation: Installation, phone: Phone
) -> None:
    taken = []
    for round in range(2):
        cursor = phone.pull().json["cursor"]
        say(installation.sessions, customer("C1", "NW", name=f"Changed {round}"))
        count, page = delta(installation, phone, cursor)
        assert [len(change["put"]) for change in page["changes"]] == [1]
        taken.append(count)
        grow(installation)
    # SQLite reads the rows in a statement of their own, and each stream in one.
    assert taken[0] == taken[1] == (2 if installation.settings.embedded else 1)


def test_changed_streams_are_read_together(installation: Installation, phone: Phone) -> None:
    grow(installation)
    say(installation.sessions, order("O6", "C1"), receivable("I6", "C1"), warehouse("W8"))
    cursor = phone.pull().json["cursor"]
    taken = []
    for change in (
        customer("C1", "NW", name="New"),
        order("O7", "C1"),
        receivable("I7", "C1"),
        warehouse("W9"),
    ):
        say(installation.sessions, change)
        taken.append(delta(installation, phone, cursor)[0])
    # SQLite, which has no LATERAL, is asked once for each.
    each = 1 if installation.settings.embedded else 0
    assert [count - taken[0] for count in taken] == [0, each, 2 * each, 3 * each]


def test_a_stream_that_begins_takes_its_own_statements(installation: Installation, phone: Phone) -> None:
    """The segments on offer and the rows are read after the subscriptions, in one snapshot."""
    cursor = phone.pull().json["cursor"]
    say(installation.sessions, receivable("I7", "C1"))
    assert delta(installation, phone, cursor)[0] == (2 if installation.settings.embedded else 3)


def test_a_segment_request_takes_one_statement(installation: Installation, phone: Phone) -> None:
    say(installation.sessions, *(customer(f"S{n:04}", "NW") for n in range(600)))
    (segment,) = json.loads(phone.pull(query={"schema": 2}).data)["segments"]
    path = f"/v1/segments/{segment['sha256']}"
    links = SignedLinks(installation.satchel.keys, "https://cdn.example.com", 3600).at(
        installation.clock.now(), SignedLink(phone.device_id, 1, 0)
    )
    signed = urlsplit(links(segment["sha256"]))
    requests = {
        200: lambda: phone.ask("GET", path),
        206: lambda: phone.ask("GET", path, headers={"Range": "bytes=5-"}),
        304: lambda: phone.ask("GET", path, headers={"If-None-Match": f'"{segment["sha256"]}"'}),
        404: lambda: stranger.ask("GET", path),
    }
    stranger, taken = installation.phone("R2"), {}
    for status, ask in requests.items():
        with counted(installation) as statements:
            assert ask().status_code == status
        taken[status] = len(statements)
    assert taken == dict.fromkeys(requests, 1)
    with counted(installation) as statements:
        assert installation.client.get(f"{signed.path}?{signed.query}").status_code == 200
    assert len(statements) == 1


PUSH = {True: 12, False: 8}
"""The most statements of a push: embedded or not.

PostgreSQL: the device, before the body is read; a pipeline of settings, the device, the lock, the access,
the records, and what is stored; and the statement that writes.
"""


def test_a_push_takes_as_many_statements_for_fifty_documents_as_for_two(
    installation: Installation, phone: Phone
) -> None:
    taken = []
    for batch, size in enumerate((2, 50)):
        documents = [submission(f"01KBR9Z8Q5T0000000000{batch}{n:04}", order_body()) for n in range(size)]
        with counted(installation) as statements:
            reply = phone.push(*documents)
        assert [result["status"] for result in reply.json["results"]] == ["received"] * size
        taken.append(len(statements))
    assert taken[0] == taken[1] <= PUSH[installation.settings.embedded]


def test_comparing_prices_takes_no_statement_of_its_own(installation: Installation, phone: Phone) -> None:
    taken = []
    for n, price_list_id in enumerate((None, "L1")):
        say(installation.sessions, customer("C1", "NW", price_list_id=price_list_id))
        if price_list_id:
            say(installation.sessions, price_list("L1"), price("p1", "10.00"), limit())
            say(installation.sessions, price("p1", "9.00"))
        body = order_body(price_list_id=price_list_id)
        with counted(installation) as statements:
            reply = phone.push(submission(f"01KB00000000000000000000{n + 50}", body))
        assert [result["status"] for result in reply.json["results"]] == ["received"]
        taken.append(len(statements))
    assert taken[0] == taken[1]


def test_a_repeated_push_takes_no_more_statements(installation: Installation, phone: Phone) -> None:
    documents = [submission(f"01KBR9Z8Q5T00000000000{n:04}", order_body()) for n in range(50)]
    phone.push(*documents)
    with counted(installation) as statements:
        reply = phone.push(*documents)
    assert {result["status"] for result in reply.json["results"]} == {"duplicate"}
    assert len(statements) <= PUSH[installation.settings.embedded]


def grow(installation: Installation) -> None:
    """More records, streams, channels and phones than before; none of it is news afterwards."""
    for n in range(12):
        name = f"T{n}"
        installation.change(
            lambda s, name=name: grants.assign(s, "R1", f"territory:{name}", installation.clock.now())
        )
        say(
            installation.sessions,
            *(customer(f"{name}-{m}", name) for m in range(20)),
            order(f"O{name}", f"{name}-1"),
        )
    for _ in range(5):
        installation.phone("R2")
