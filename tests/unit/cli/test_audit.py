"""`satchel audit …`: entries are listed, verified and exported, and old ones leave only by an export."""

import csv
import datetime as dt
import re
from pathlib import Path

from sqlalchemy import text, update

from backend.clock import SystemClock
from backend.database.core import Sessions
from backend.identity import audit
from backend.identity.models import AuditEntry
from tests.unit.cli.conftest import Satchel


def record(installed: Sessions, *subjects: str, days: int = 0) -> None:
    now = SystemClock().now() - dt.timedelta(days=days)
    with installed() as session, session.begin():
        for subject in subjects:
            audit.record(
                session, actor="user:anna", action="rep.add", subject=subject, now=now,
                detail={"why": "=HYPERLINK(1)\x1b[2J"},
            )  # fmt: skip


def head(output: str) -> str:
    [anchor] = re.findall(r"Head (\d+:[0-9a-f]{64})", output)
    return str(anchor)


def test_entries_are_listed_without_control_sequences(installed: Sessions, satchel: Satchel) -> None:
    record(installed, "R1", "R2")
    output = satchel("audit", "list", "--subject", "R2").output
    assert "R2" in output and "R1" not in output
    assert "\x1b[2J" not in output
    assert "No entries" in satchel("audit", "list", "--action", "x").output


def test_verify_says_where_the_chain_is_broken(installed: Sessions, satchel: Satchel) -> None:
    record(installed, "R1", "R2", "R3")
    result = satchel("audit", "verify")
    assert result.exit_code == 0 and "3 entries verify" in result.output
    kept = head(result.output)
    assert satchel("audit", "verify", "--head", kept).exit_code == 0
    later = satchel("audit", "verify", "--head", f"9:{'0' * 64}")
    assert later.exit_code == 1 and "ends at entry 3, but entry 9 was written" in later.output
    assert satchel("audit", "verify", "--head", "3").exit_code == 2
    with installed() as session, session.begin():
        # Only the owner of the tables can do this.
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
        else:
            session.execute(text("DROP TRIGGER audit_no_update"))
        session.execute(update(AuditEntry).where(AuditEntry.number == 2).values(subject="R9"))
    broken = satchel("audit", "verify")
    assert broken.exit_code == 1 and "entry 2 (rep.add" in broken.output
    refused = satchel("audit", "export", "never.jsonl")
    assert refused.exit_code == 1 and not Path("never.jsonl").exists()


def test_old_entries_leave_and_the_files_prove_them(
    installed: Sessions, satchel: Satchel, tmp_path: Path
) -> None:
    record(installed, "R1", "R2", days=400)
    record(installed, "R3")
    file = tmp_path / "audit.jsonl"
    result = satchel("audit", "export", str(file), "--remove-before", "365")
    assert result.exit_code == 0 and "2 entries were removed" in result.output
    assert file.stat().st_mode & 0o777 == 0o600
    verified = satchel("audit", "verify", "--file", str(file), "--head", head(result.output))
    assert verified.exit_code == 0 and "2 entries verify" in verified.output
    assert satchel("audit", "export", str(file)).exit_code == 2
    file.write_bytes(file.read_bytes().replace(b"R1", b"R9"))
    changed = satchel("audit", "verify", "--file", str(file))
    assert changed.exit_code == 1 and "entry 1 (rep.add" in changed.output


def test_a_file_for_people_has_no_formula(installed: Sessions, satchel: Satchel, tmp_path: Path) -> None:
    record(installed, "=1+1", "\ufeff＝1")
    file = tmp_path / "audit.csv"
    assert satchel("audit", "export", str(file)).exit_code == 0
    with file.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["subject"] for row in rows] == ["'=1+1", "'\ufeff＝1"]
    assert [row["number"] for row in rows] == ["1", "2"]
    assert satchel("audit", "export", str(file), "--remove-before", "365").exit_code == 2
