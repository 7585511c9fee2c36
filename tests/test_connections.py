"""Connections to PostgreSQL: one that lay idle is asked whether it lives, one that was just used is not."""

from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text

from backend import db


@pytest.fixture
def engine(postgres_url: str) -> Any:
    made = create_engine(postgres_url, **db.engine_options(postgres_url))
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


def test_looking_leaves_the_connection_as_it_was(engine: Engine) -> None:
    with db.looking(engine) as connection:
        assert connection.connection.driver_connection.autocommit  # type: ignore[union-attr]
        pid = connection.scalar(text("SELECT pg_backend_pid()"))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT pg_backend_pid()")) == pid
        assert not connection.connection.driver_connection.autocommit  # type: ignore[union-attr]
