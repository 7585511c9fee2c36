"""Connections to PostgreSQL: one that lay idle is asked whether it lives, one that was just used is not."""

from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event, false, func, literal, select, text
from sqlalchemy.exc import OperationalError

from backend import db
from backend.looking import looking


@pytest.fixture
def engine(fresh_postgres_url: str) -> Any:
    made = create_engine(fresh_postgres_url, **db.engine_options(fresh_postgres_url))
    db.prepare(made)
    yield made
    made.dispose()


def backend_of(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(text("SELECT pg_backend_pid()")))


def end(engine: Engine, pid: int) -> None:
    """End a server process, as a restart of the server does."""
    other = create_engine(engine.url)
    with other.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    other.dispose()


def pings(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    seen: list[Any] = []
    real = engine.dialect.do_ping
    monkeypatch.setattr(
        engine.dialect, "do_ping", lambda connection: (seen.append(connection), real(connection))
    )
    return seen


def test_a_connection_that_lay_idle_is_asked_and_a_dead_one_replaced(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "PING_AFTER_SECONDS", 0.0)
    first = backend_of(engine)
    assert backend_of(engine) == first
    end(engine, first)
    assert backend_of(engine) != first


def test_a_connection_used_a_moment_ago_is_not_asked(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "PING_AFTER_SECONDS", 3600.0)
    seen = pings(engine, monkeypatch)
    assert backend_of(engine) == backend_of(engine)
    assert seen == []
    monkeypatch.setattr(db, "PING_AFTER_SECONDS", 0.0)
    backend_of(engine)
    assert len(seen) == 1


PID = select(func.pg_backend_pid().label("pid"))


def test_looking_leaves_the_connection_as_it_was(engine: Engine) -> None:
    with looking(engine) as looker:
        pid = looker.execute(PID, {}).one_or_none().pid
        assert looker.execute(select(literal(1)).where(false()), {}).one_or_none() is None
    with engine.connect() as connection:
        assert connection.scalar(PID) == pid
        assert not connection.connection.driver_connection.autocommit  # type: ignore[union-attr]
        # It is in a transaction, which can be taken back.
        connection.execute(text("CREATE TEMPORARY TABLE there (n int)"))
        connection.rollback()
        assert connection.scalar(text("SELECT to_regclass('there')")) is None


def test_whoever_listens_hears_a_look(engine: Engine) -> None:
    heard: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda c, cursor, statement, *more: heard.append(statement))
    with looking(engine) as looker:
        looker.execute(PID, {})
    assert [statement.split()[0] for statement in heard] == ["SELECT"]


def test_a_connection_that_died_fails_one_look_and_is_replaced(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "PING_AFTER_SECONDS", 3600.0)
    first = backend_of(engine)
    end(engine, first)
    with pytest.raises(OperationalError), looking(engine) as looker:
        looker.execute(PID, {})
    with looking(engine) as looker:
        assert looker.execute(PID, {}).one_or_none().pid != first


def test_a_look_that_ends_badly_leaves_the_connection_as_it_was(engine: Engine) -> None:
    first = backend_of(engine)
    with pytest.raises(ZeroDivisionError), looking(engine):
        raise ZeroDivisionError
    with engine.connect() as connection:
        assert connection.scalar(PID) == first
        assert not connection.connection.driver_connection.autocommit  # type: ignore[union-attr]
