"""How many statements a page of a reading takes: one lock on the feed where something changed, else none."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from backend.ingest.reread import reread
from tests.unit.ingest.conftest import Intake
from tests.unit.ingest.scripted_erp import unit

pytestmark = pytest.mark.both_dialects


@contextmanager
def counted(intake: Intake) -> Iterator[list[str]]:
    """Yield the statements that are executed inside the block."""
    statements: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement not in ("BEGIN", "BEGIN IMMEDIATE"):
            statements.append(statement)

    with intake.sessions() as session:
        engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


def locks(statements: list[str]) -> int:
    return sum("UPDATE feed_head" in statement for statement in statements)


def reads(statements: list[str]) -> int:
    return sum("JOIN feed ON" in statement for statement in statements)


@pytest.fixture
def known(intake: Intake) -> Intake:
    """An ERP whose two units are read, and whose freshness is known."""
    intake.erp.page = 10
    intake.erp.say("units", unit("a"), unit("b"))
    intake.read()
    return intake


def test_a_page_with_changes_takes_the_feeds_lock_once(known: Intake) -> None:
    known.erp.say("units", unit("a", "Stück"), "b")
    with counted(known) as statements:
        assert known.read().changed == 2
    assert locks(statements) == 1
    assert reads(statements) == 3, "the difference, the freshness, and publishing"


def test_a_page_without_changes_takes_no_lock_on_the_feed(known: Intake) -> None:
    known.erp.say("units", unit("a"), "never there")
    with counted(known) as statements:
        assert known.read().changed == 0
    assert locks(statements) == 0
    assert reads(statements) == 2, "the difference and the freshness"


def test_reading_single_records_takes_the_lock_once_and_only_for_changes(known: Intake) -> None:
    with counted(known) as statements:
        assert reread(known.sessions, known.erp, "units", ["a", "b"], clock=known.clock).changed == 0
    assert locks(statements) == 0
    known.erp.silently = {"units": {"a": unit("a", "Stück")}}
    with counted(known) as statements:
        assert reread(known.sessions, known.erp, "units", ["a", "b"], clock=known.clock).changed == 1
    assert locks(statements) == 1
