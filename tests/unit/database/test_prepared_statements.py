"""Statements that are prepared on a connection whose other statements psycopg prepares."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, bindparam, create_engine, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from backend.database import core
from backend.database.prepared_statements import NumberedText, PreparedStatements
from backend.database.round_trip import pipelined

PID: Any = select(func.pg_backend_pid().label("pid"))
DOUBLED = NumberedText("SELECT $1::int * 2 AS doubled, $2::text AS word", ("number", "word"))
DIVIDED = NumberedText("SELECT 1 / $1::int", ("number",))
WRITTEN = NumberedText("INSERT INTO written VALUES ($1::int)", ("number",))


@pytest.fixture
def engine(fresh_postgres_url: str) -> Iterator[Engine]:
    options = {**core.engine_options(fresh_postgres_url), "pool_size": 1, "max_overflow": 0}
    made = create_engine(fresh_postgres_url, **options)
    core.prepare(made)
    with made.begin() as connection:
        connection.execute(text("CREATE TABLE written (number int)"))
    yield made
    made.dispose()


def numbers(engine: Engine) -> list[int]:
    with engine.begin() as connection:
        return list(connection.scalars(text("SELECT number FROM written ORDER BY number")))


def test_a_pipeline_returns_the_rows_of_each_statement(engine: Engine) -> None:
    with engine.begin() as connection:
        calls = [(DOUBLED, {"number": 2, "word": None}), (WRITTEN, {"number": 1}), (PID, {})]
        [[first], written, [last]] = pipelined(connection, calls, named=[True, True, False])
    assert (first.doubled, first.word, written, len(last)) == (4, None, [], 1)
    assert numbers(engine) == [1]


def test_a_pipeline_begins_the_transaction_and_does_not_commit_it(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.begin()
        pipelined(connection, [(WRITTEN, {"number": 1})])
        pipelined(connection, [(WRITTEN, {"number": 2})])
        connection.rollback()
    assert numbers(engine) == []


def test_a_pipeline_commits_if_it_is_told_so(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.begin()
        pipelined(connection, [(WRITTEN, {"number": 1})], commits=True)
        connection.rollback()
    assert numbers(engine) == [1]


def test_nothing_after_a_failed_statement_is_run(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.begin()
        calls = [(WRITTEN, {"number": 1}), (DIVIDED, {"number": 0}), (WRITTEN, {"number": 2})]
        with pytest.raises(DBAPIError, match="division by zero"):
            pipelined(connection, calls, commits=True)
        connection.rollback()
        connection.begin()
        [[row]] = pipelined(connection, [(DOUBLED, {"number": 2, "word": "x"})])
        assert (row.doubled, row.word) == (4, "x")
    assert numbers(engine) == []


def test_statements_are_prepared_again_after_psycopg_has_deallocated_them(engine: Engine) -> None:
    word = select(bindparam("word", type_=core.KeyText).label("word"))
    with Session(engine) as session:
        for way in ("rollback", "savepoint", "close"):
            # psycopg prepares a statement that it has executed five times.
            for _ in range(7):
                session.scalar(word, {"word": "w"})
            [[row]] = pipelined(session.connection(), [(word, {"word": way})])
            assert row.word == way
            match way:
                case "rollback":
                    session.rollback()
                case "savepoint":
                    with session.begin_nested() as savepoint:
                        savepoint.rollback()
                    [[row]] = pipelined(session.connection(), [(word, {"word": "inside"})])
                    assert row.word == "inside"
                case "close":
                    session.close()
        [[row]] = pipelined(session.connection(), [(word, {"word": "last"})])
        assert row.word == "last"


def test_much_is_sent_and_received_at_once(engine: Engine) -> None:
    long = "x" * 5_000_000
    with engine.begin() as connection:
        calls = [(DOUBLED, {"number": n, "word": long}) for n in range(4)]
        rows = pipelined(connection, calls)
    assert [(row.doubled, row.word == long) for [row] in rows] == [(2 * n, True) for n in range(4)]


def test_a_connection_that_ends_in_a_pipeline_is_replaced(engine: Engine) -> None:
    ended = NumberedText("SELECT pg_terminate_backend(pg_backend_pid())")
    with engine.connect() as connection, pytest.raises(DBAPIError):
        pipelined(connection, [(PID, {}), (ended, {})])
    assert numbers(engine) == []


def test_a_connection_that_is_interrupted_in_a_pipeline_is_closed(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with engine.connect() as connection:
        connection.begin()
        driver: Any = connection.connection.driver_connection
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(PreparedStatements, "_next_result", interrupt)
            pipelined(connection, [(PID, {}), (WRITTEN, {"number": 1})])
        assert driver.closed
    assert numbers(engine) == []
