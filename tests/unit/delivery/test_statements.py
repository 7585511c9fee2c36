"""How many statements and transactions one order takes on its way into the ERP, and in which of them."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from backend.clock import ManualClock
from backend.database.core import Sessions, is_postgresql
from backend.settings import Settings
from tests.databases import engine_of
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.delivery.memory_erp import MemoryErp

CALLS = ("find", "create", "advance")
TABLE = {"find": 1, "create": 1, "advance": 12}
"""Statements of one order after each call of the ERP and before the next one; the lease of the next order, and
what is read of it, come after `advance` and before `find`. On PostgreSQL one more precedes the publication."""
TRANSACTIONS = 3
MISSING = "01KBR9Z8Q5T000000000009999"


@pytest.fixture
def inbox(sessions: Sessions, clock: ManualClock, settings: Settings, tmp_path: Path) -> InboxFixture:
    """An inbox whose ERP costs nothing."""
    return InboxFixture(sessions, clock, settings, MemoryErp(tmp_path / "erp"))


def test_statements_and_transactions_of_an_order(inbox: InboxFixture) -> None:
    inbox.capture_many(f"C{n}" for n in range(4))
    with spied(inbox) as events:
        assert inbox.forwarder().drain() == 4
    order = one_order(events)
    assert statements_after_each_call(order) == table_of(inbox), "\n".join(order)
    assert order.count("COMMIT") == TRANSACTIONS


def test_what_is_waiting_adds_no_statement(inbox: InboxFixture) -> None:
    """Neither documents behind in the queue nor documents that wait for another one cost those before them."""
    inbox.capture_many(f"C{n}" for n in range(4))
    inbox.capture_many(f"C{n % 40}" for n in range(200))
    for n in range(20):
        waiting = inbox.capture(customer=f"D{n}", depends_on=[MISSING])
        inbox.change(waiting, due_at=inbox.clock.now() + dt.timedelta(hours=1))
    with spied(inbox) as events:
        inbox.forwarder().drain(stop=lambda: events.count("advance") > 3)
    assert statements_after_each_call(one_order(events)) == table_of(inbox)


def test_forwarding_flushes_no_object(inbox: InboxFixture) -> None:
    """The rows of an order are written by statements; a flush would look for changes again and find none."""
    inbox.capture_many(f"C{n}" for n in range(4))
    flushed: list[str] = []

    def note(session: Session, context: object, instances: object) -> None:
        flushed.extend(repr(row) for row in (*session.new, *session.dirty))

    event.listen(Session, "before_flush", note)
    try:
        assert inbox.forwarder().drain() == 4
    finally:
        event.remove(Session, "before_flush", note)
    assert flushed == []


def table_of(inbox: InboxFixture) -> dict[str, int]:
    with inbox.sessions() as session:
        return {**TABLE, "advance": TABLE["advance"] + is_postgresql(session)}


@contextmanager
def spied(inbox: InboxFixture) -> Iterator[list[str]]:
    """Yield what happens inside the block: statements, COMMIT, and the names of the calls of the ERP."""
    events: list[str] = []
    engine = engine_of(inbox.sessions)

    def note_statement(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        events.append(" ".join(statement.split()))

    def note_commit(connection: Any) -> None:
        events.append("COMMIT")

    def noted(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *arguments: (events.append(name), call(*arguments))[1]

    for name in CALLS:
        setattr(inbox.erp, name, noted(name, getattr(inbox.erp, name)))
    event.listen(engine, "before_cursor_execute", note_statement)
    event.listen(engine, "commit", note_commit)
    try:
        yield events
    finally:
        event.remove(engine, "before_cursor_execute", note_statement)
        event.remove(engine, "commit", note_commit)


def one_order(events: Sequence[str]) -> list[str]:
    """Return the events of the second order, from its `find` to that of the third one."""
    second, third = [place for place, name in enumerate(events) if name == "find"][1:3]
    return list(events[second:third])


def statements_after_each_call(order: Sequence[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for entry in order:
        if entry in CALLS:
            call = entry
            counts[call] = 0
        elif entry != "COMMIT":
            counts[call] += 1
    return counts
