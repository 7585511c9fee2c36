"""The chain of the audit trail: what was changed, inserted or removed is found, and where."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from backend.database.core import Sessions, engine_options, prepare
from backend.identity import audit, audit_chain, audit_export
from backend.identity.audit_chain import ChainBroken, Head
from backend.migrations.upgrade import _config, upgrade

pytestmark = pytest.mark.both_dialects

NOW = dt.datetime(2026, 11, 23, 9, 0, 0, 123456, tzinfo=dt.UTC)


@pytest.fixture
def engine(empty_database_url: str) -> Iterator[Engine]:
    """A database with the tables and triggers of the migrations."""
    engine = create_engine(empty_database_url, **engine_options(empty_database_url))
    prepare(engine)
    upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def sessions(engine: Engine) -> Sessions:
    return sessionmaker(engine, expire_on_commit=False)


def record(sessions: Sessions, *subjects: str, days: int = 0) -> None:
    with sessions() as session, session.begin():
        for subject in subjects:
            audit.record(
                session, actor="user:anna", action="rep.add", subject=subject,
                now=NOW + dt.timedelta(days=days),
                detail={"name": "Grün \u2028 =1+1", "n": 1.50, "list": (1, None)},
            )  # fmt: skip


def head(sessions: Sessions) -> Head:
    with sessions() as session:
        return audit_chain.verify(session)[1]


def tamper(engine: Engine, *statements: str) -> None:
    """Do what only the owner of the tables can do: take the triggers away first."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            for name in ("update", "delete", "replace"):
                connection.execute(text(f"DROP TRIGGER audit_no_{name}"))
        else:
            connection.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
        for statement in statements:
            connection.execute(text(statement))


def broken(sessions: Sessions, *anchors: Head) -> str:
    with sessions() as session, pytest.raises(ChainBroken) as error:
        audit_chain.verify(session, anchors=anchors)
    return str(error.value)


def test_an_untouched_chain_verifies_and_has_no_gaps(sessions: Sessions) -> None:
    record(sessions, "R1", "R2")
    with sessions() as session, session.begin():
        with session.begin_nested() as savepoint:
            audit.record(session, actor="server", action="x", subject="lost", now=NOW)
            savepoint.rollback()
        with session.begin_nested():
            audit.record(session, actor="server", action="x", subject="R3", now=NOW)
    with sessions() as session:
        session.begin()
        audit.record(session, actor="server", action="x", subject="rolled back", now=NOW)
        session.rollback()
    record(sessions, "R4")
    with sessions() as session:
        count, last = audit_chain.verify(session)
        assert [entry.subject for entry in audit.entries(session)] == ["R4", "R3", "R2", "R1"]
    assert (count, last.number) == (4, 4)


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE audit SET detail = '{}' WHERE number = 2", "entry 2 (rep.add"),
        ("UPDATE audit SET actor = 'user:eve' WHERE number = 3", "entry 3 (rep.add"),
        ("UPDATE audit SET hash = substr(hash, 2) || 'f' WHERE number = 1", "entry 1 (rep.add"),
        ("DELETE FROM audit WHERE number = 2", "2 to 2 are missing"),
        ("DELETE FROM audit WHERE number = 1", "begins at entry 2"),
    ],
)
def test_a_fault_is_found_at_its_entry(engine: Engine, sessions: Sessions, statement: str, fault: str) -> None:
    record(sessions, "R1", "R2", "R3", "R4")
    tamper(engine, statement)
    assert fault in broken(sessions)


def test_a_missing_end_is_found_by_a_head_that_was_kept(engine: Engine, sessions: Sessions) -> None:
    record(sessions, "R1", "R2")
    kept = head(sessions)
    tamper(engine, "DELETE FROM audit WHERE number = 2")
    assert head(sessions).number == 1
    assert "the chain ends at entry 1, but entry 2 was written" in broken(sessions, kept)
    record(sessions, "other")
    assert "entry 2" in broken(sessions, kept)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'user:eve'",
        "DELETE FROM audit",
        "DELETE FROM audit WHERE number = 1",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit",
        "TRUNCATE audit",
    ],
)
def test_the_database_refuses_to_change_entries(engine: Engine, sessions: Sessions, statement: str) -> None:
    if engine.dialect.name != {"INSERT OR": "sqlite", "TRUNCATE ": "postgresql"}.get(
        statement[:9], engine.dialect.name
    ):
        return
    record(sessions, "R1", "R2")
    before = head(sessions)
    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(text(statement))
    assert head(sessions) == before


def test_old_entries_leave_after_an_export_and_the_chain_continues(
    engine: Engine, sessions: Sessions, tmp_path: Path
) -> None:
    record(sessions, "R1", "R2")
    record(sessions, "R3", days=10)
    for number, days in enumerate((5, 20)):
        with sessions() as session, session.begin():
            done = audit_export.write(
                session, tmp_path / f"{number}.jsonl", before=NOW + dt.timedelta(days=days)
            )
            audit_export.seal(session, done, actor="user:anna", now=NOW + dt.timedelta(days=30))
        with sessions() as session, session.begin():
            assert audit_export.remove(session) == done.count
    first, second = (audit_export.read(tmp_path / f"{number}.jsonl") for number in (0, 1))
    assert (first.count, first.head.number, second.start, second.head.number) == (2, 2, first.head, 3)
    with sessions() as session:
        count, last = audit_chain.verify(session, anchors=[second.head])
        assert [entry.action for entry in audit.entries(session)] == ["audit.sealed", "audit.sealed"]
    assert (count, last.number) == (2, 5)
    assert (tmp_path / "0.jsonl").stat().st_mode & 0o777 == 0o600
    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(text("DELETE FROM audit WHERE number = 5"))


def test_entries_of_an_older_version_are_chained(empty_database_url: str) -> None:
    engine = create_engine(empty_database_url, **engine_options(empty_database_url))
    prepare(engine)
    with engine.connect() as connection:
        command.upgrade(_config(connection), "0013")
        rows = [
            {"at": NOW.replace(tzinfo=None), "subject": f"R{n}", "detail": '{"b":1,"a":"ü"}'} for n in range(3)
        ]
        connection.execute(
            text(
                "INSERT INTO audit (at, actor, action, subject, detail)"
                " VALUES (:at, 'user:anna', 'rep.add', :subject, :detail)"
            ),
            rows,
        )
        connection.commit()
    upgrade(engine)
    sessions = sessionmaker(engine, expire_on_commit=False)
    record(sessions, "R3")
    assert head(sessions).number == 4
    with sessions() as session:
        assert [entry.subject for entry in audit.entries(session)] == ["R3", "R2", "R1", "R0"]
    engine.dispose()


def test_a_changed_export_is_refused(sessions: Sessions, tmp_path: Path) -> None:
    record(sessions, "R1", "R2")
    with sessions() as session:
        audit_export.write(session, tmp_path / "a.jsonl")
    lines = (tmp_path / "a.jsonl").read_bytes().splitlines(keepends=True)
    for number, changed in enumerate(
        (lines[:-1], [lines[0], *lines[2:]], [lines[0].replace(b"0", b"1", 1), *lines[1:]], [b"{}\n"],
         [lines[0], lines[1].replace(b"anna", b"eve!"), *lines[2:]], [])
    ):  # fmt: skip
        path = tmp_path / f"changed{number}.jsonl"
        path.write_bytes(b"".join(changed))
        with pytest.raises(ChainBroken):
            audit_export.read(path)


def test_transactions_at_once_get_one_chain(sessions: Sessions) -> None:
    first: Session
    with sessions() as first:
        first.begin()
        audit.record(first, actor="server", action="x", subject="first", now=NOW)
        if first.get_bind().dialect.name == "postgresql":
            # A queued entry holds no lock: another transaction is not kept waiting.
            record(sessions, "second")
        first.commit()
    assert head(sessions).number >= 1
