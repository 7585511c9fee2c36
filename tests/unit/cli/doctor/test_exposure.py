"""`satchel doctor` on files, connections and the audit trail."""

import datetime as dt
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.cli.context import engine_of
from backend.cli.doctor.exposure import examine_audit, examine_connections, examine_files
from backend.cli.doctor.finding import ERROR, OK, WARNING
from backend.cli.init import add_sample_reps, set_up
from backend.identity import audit
from backend.settings import Settings, read_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = read_settings({"SATCHEL_FOLDER": str(tmp_path / "instance")})
    set_up(settings)
    add_sample_reps(settings)
    return settings


def test_a_file_that_others_may_read_is_named_with_its_chmod(settings: Settings) -> None:
    assert [each.status for each in examine_files(settings)] == [OK]
    database = settings.folder / "satchel.sqlite"
    database.chmod(0o644)
    [finding] = examine_files(settings)
    assert (finding.status, str(database) in finding.message) == (WARNING, True)
    assert f"chmod 600 {database}" in finding.advice


def test_connections_in_plain_text_are_named() -> None:
    assert [each.status for each in examine_connections(read_settings({}))] == [OK]
    variables = {
        "SATCHEL_REDIS_URL": "redis://cache:6379/0",
        "SATCHEL_PUBLIC_URL": "http://satchel.lan",
        "SATCHEL_UNENCRYPTED_HOSTS": "satchel.lan",
    }
    findings = list(examine_connections(read_settings(variables)))
    assert [each.status for each in findings] == [WARNING, WARNING]
    messages = " ".join(each.message for each in findings)
    assert "SATCHEL_REDIS_URL: data for cache" in messages
    assert "SATCHEL_PUBLIC_URL: passwords or tokens for satchel.lan" in messages


def test_missing_triggers_and_a_broken_chain_are_errors(settings: Settings) -> None:
    with engine_of(settings) as engine:
        with Session(engine) as session, session.begin():
            for subject in ("R1", "R2"):
                now = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
                audit.record(session, actor="user:x", action="rep.add", subject=subject, now=now)
        with Session(engine) as session, session.begin():
            assert [each.status for each in examine_audit(session)] == [OK]
            session.execute(text("DROP TRIGGER audit_no_update"))
            session.execute(text("UPDATE audit SET actor = 'user:eve' WHERE number = 2"))
        with Session(engine) as session, session.begin():
            findings = list(examine_audit(session))
    assert [each.status for each in findings] == [ERROR, ERROR]
    assert "audit_no_update" in findings[0].message
    assert "entry 2" in findings[1].message
