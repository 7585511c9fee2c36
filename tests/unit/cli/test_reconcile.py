"""`satchel delivery reconcile` when the ERP itself has lost documents: told, held, sent again on request."""

import datetime as dt
from pathlib import Path

import pytest
from sqlalchemy import select, update
from ulid import ULID

from backend.clock import SystemClock
from backend.connectors.flatfile.layout import Layout
from backend.database.core import Sessions
from backend.identity.models import AuditEntry
from backend.inbox.models import Submission
from backend.ingest import watermarks
from backend.ingest.models import Watermark
from backend.maintenance import Maintenance
from backend.settings import read_settings
from backend.sync.push import push
from tests.unit.cli.conftest import Satchel
from tests.unit.connectors.flatfile.flatfile_fixture import FlatFileFixture
from tests.unit.sync.company import master_data, order_body, reps, submission


@pytest.fixture
def erp(tmp_path: Path) -> dict[str, str]:
    """A shared folder without a single document: whatever it was given is gone."""
    folder = tmp_path / "erp"
    Layout(folder).make()
    return {"SATCHEL_ERP_FOLDER": str(folder)}


def accepted(sessions: Sessions, count: int) -> list[str]:
    """Push *count* orders, and let us believe that the ERP accepted them, a minute apart."""
    reps(sessions)
    master_data(sessions)
    now = SystemClock().now() - dt.timedelta(hours=2)
    ids = [str(ULID()) for _ in range(count)]
    with sessions() as session, session.begin():
        documents = [submission(id, order_body()) for id in ids]
        push(session, rep_id="R1", device_id="D1", submissions=documents, now=now)
    for n, id in enumerate(ids):
        with sessions() as session, session.begin():
            values = {"state": "accepted", "erp_id": str(n), "last_sent_at": now + dt.timedelta(minutes=n)}
            session.execute(update(Submission).where(Submission.id == id).values(**values))
    return ids


def states(sessions: Sessions) -> set[str]:
    with sessions() as session:
        return set(session.scalars(select(Submission.state)))


def test_many_lost_documents_hold_sending_until_the_operator_resumes(
    installed: Sessions, satchel: Satchel, erp: dict[str, str]
) -> None:
    accepted(installed, 4)
    with installed() as session, session.begin():
        watermarks.ensure(session, "flatfile", "units").value = "somewhere"
    dry = satchel("delivery", "reconcile", "--dry-run", **erp)
    assert "of those: not found in the ERP" in dry.output and "Sending is not on hold" in dry.output
    result = satchel("delivery", "reconcile", **erp)
    assert result.exit_code == 1, result.output
    assert "the ERP has lost documents" in result.output and "sending stays on hold" in result.output
    assert states(installed) == {"accepted"}
    assert "the ERP has lost documents" in satchel("doctor", **erp).output

    resumed = satchel("delivery", "reconcile", "--resume", **erp)
    assert resumed.exit_code == 0, resumed.output
    assert "4 documents are looked up once more" in resumed.output
    assert states(installed) == {"unknown"}
    with installed() as session:
        [sent_again, released] = session.scalars(
            select(AuditEntry).where(AuditEntry.subject == "erp:flatfile").order_by(AuditEntry.id)
        )
        assert sent_again.action == "erp.held" and released.actor.startswith("user:")
        watermark = session.get(Watermark, ("flatfile", "units"))
        assert watermark is not None and watermark.value is None, "the ERP is read again from the start"
    assert "the ERP has lost documents" not in satchel("doctor", **erp).output


def test_a_reconciliation_report_is_stored_and_shown(
    installed: Sessions, satchel: Satchel, erp: dict[str, str]
) -> None:
    assert "No reconciliation yet" in satchel("delivery", "reconcile", "--report", **erp).output
    [id] = accepted(installed, 1)
    result = satchel("delivery", "reconcile", **erp)
    assert states(installed) == {"parked"}, result.output
    shown = satchel("delivery", "reconcile", "--report", **erp).output
    assert "command" in shown and "missing" in shown and f"{id}: it is accepted" in shown
    doctor = satchel("doctor", **erp).output
    assert "1 sent, 0 found, 1 missing" in doctor and "reconcile --report" in doctor
    satchel("delivery", "reconcile", **erp)
    assert "0 sent, 0 found, 0 missing" in satchel("doctor", **erp).output


def test_the_worker_reconciles_automatically(
    installed: Sessions, satchel: Satchel, erp: dict[str, str], small_company: Path, tmp_path: Path,
    empty_database_url: str,
) -> None:  # fmt: skip
    accepted(installed, 3)
    files = FlatFileFixture(small_company, tmp_path / "files")
    settings = read_settings(
        {"SATCHEL_FOLDER": str(tmp_path / "instance"), "SATCHEL_DATABASE_URL": empty_database_url}
    )
    connector = files.connect()
    Maintenance(settings, installed, connector, SystemClock()).run_once()
    connector.close()
    shown = satchel("delivery", "reconcile", "--report", **erp).output
    assert "schedule" in shown
    assert "the ERP has lost documents" in satchel("doctor", **erp).output


def test_the_operator_excludes_documents_deleted_on_purpose(
    installed: Sessions, satchel: Satchel, erp: dict[str, str]
) -> None:
    ids = accepted(installed, 4)
    assert satchel("delivery", "reconcile", "--except", ids[0], **erp).exit_code == 2, "only with --resume"
    assert satchel("delivery", "reconcile", **erp).exit_code == 1
    wrong = satchel("delivery", "reconcile", "--resume", "--except", "SO999", **erp)
    assert wrong.exit_code == 2 and "there is no document SO999" in wrong.output
    assert states(installed) == {"accepted"}, "nothing continues half done"
    resumed = satchel("delivery", "reconcile", "--resume", "--except", ids[0], "--except", ids[2], **erp)
    assert resumed.exit_code == 0, resumed.output
    assert "2 documents were cancelled" in resumed.output and "2 documents are looked up" in resumed.output
    with installed() as session:
        rows = {row.id: row for row in session.scalars(select(Submission))}
        trail = session.scalars(select(AuditEntry).where(AuditEntry.action == "erp.not_sent_again")).all()
    assert [rows[id].state for id in ids] == ["cancelled", "unknown", "cancelled", "unknown"]
    assert {entry.subject for entry in trail} == {ids[0], ids[2]}
    assert all(entry.actor.startswith("user:") for entry in trail)
