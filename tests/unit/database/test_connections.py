"""Connections to PostgreSQL: one that lay idle is asked whether it lives, one that was just used is not."""

from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event, false, func, literal, select, text
from sqlalchemy.exc import InternalError, OperationalError

from backend.database import core
from backend.database.snapshot_reads import read_connection
from tests.eventually import eventually


@pytest.fixture
def engine(fresh_postgres_url: str) -> Any:
    made = create_engine(fresh_postgres_url, **core.engine_options(fresh_postgres_url))
    core.prepare(made)
    yield made
    made.dispose()


def backend_of(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(text("SELECT pg_backend_pid()")))


def end(engine: Engine, pid: int) -> None:
    """End a server process, as a restart of the server does."""
    other = create_engine(engine.url)
    with other.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid, 60000)"), {"pid": pid})
    other.dispose()


def pings(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    pinged: list[Any] = []
    real = engine.dialect.do_ping
    monkeypatch.setattr(
        engine.dialect, "do_ping", lambda connection: (pinged.append(connection), real(connection))
    )
    return pinged


def test_an_idle_connection_is_pinged_and_a_dead_one_replaced(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core, "PING_AFTER_SECONDS", 0.0)
    first = backend_of(engine)
    assert backend_of(engine) == first
    end(engine, first)
    assert backend_of(engine) != first


def test_a_recently_used_connection_is_not_pinged(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core, "PING_AFTER_SECONDS", 3600.0)
    pinged = pings(engine, monkeypatch)
    assert backend_of(engine) == backend_of(engine)
    assert pinged == []
    monkeypatch.setattr(core, "PING_AFTER_SECONDS", 0.0)
    backend_of(engine)
    assert len(pinged) == 1


PID = select(func.pg_backend_pid().label("pid"))


def test_a_read_connection_is_kept_and_is_never_one_of_a_transaction(engine: Engine) -> None:
    with read_connection(engine) as reader:
        pid = reader.execute(PID, {}).one_or_none().pid
        assert reader.execute(select(literal(1)).where(false()), {}).one_or_none() is None
    with read_connection(engine) as reader:
        assert reader.execute(PID, {}).one_or_none().pid == pid
    with engine.connect() as connection:
        assert connection.scalar(PID) != pid
        # It is in a transaction, which can be taken back.
        connection.execute(text("CREATE TEMPORARY TABLE there (n int)"))
        connection.rollback()
        assert connection.scalar(text("SELECT to_regclass('there')")) is None


def test_a_read_connection_writes_nothing(engine: Engine) -> None:
    with pytest.raises(InternalError, match="read-only"), read_connection(engine) as reader:
        reader.execute(text("CREATE TABLE there (n int)"), {})


def test_read_connections_end_with_their_engine(engine: Engine) -> None:
    with read_connection(engine) as reader:
        pid = reader.execute(PID, {}).one_or_none().pid
    engine.dispose()
    with engine.connect() as connection:
        alive = text("SELECT pid FROM pg_stat_activity WHERE pid = :pid")
        eventually(lambda: connection.scalar(alive, {"pid": pid}) is None, "the connection has ended")


def test_a_read_connection_fires_the_events_of_its_engine(engine: Engine) -> None:
    messages: list[str] = []
    event.listen(
        engine, "before_cursor_execute", lambda c, cursor, statement, *more: messages.append(statement)
    )
    with read_connection(engine) as looker:
        looker.execute(PID, {})
    assert [statement.split()[0] for statement in messages] == ["SELECT"]


def test_a_dead_connection_fails_one_read_and_is_replaced(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core, "PING_AFTER_SECONDS", 3600.0)
    with read_connection(engine) as reader:
        first = reader.execute(PID, {}).one_or_none().pid
    end(engine, first)
    with pytest.raises(OperationalError), read_connection(engine) as reader:
        reader.execute(PID, {})
    with read_connection(engine) as reader:
        assert reader.execute(PID, {}).one_or_none().pid != first


def test_a_failed_read_keeps_the_connection(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError), read_connection(engine) as reader:
        first = reader.execute(PID, {}).one_or_none().pid
        raise ZeroDivisionError
    with read_connection(engine) as reader:
        assert reader.execute(PID, {}).one_or_none().pid == first
