"""`satchel segments`, the doctor's line, and the worker's round."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from backend.cli.context import console
from backend.cli.main import main
from backend.clock import SystemClock
from backend.database.core import Sessions
from backend.settings import Settings
from backend.sync.segments.build_lock import build_lock
from backend.sync.segments.maintenance import run_maintenance
from tests.unit.sync import company
from tests.unit.sync.segments.company import customers, large_company, set_of


def satchel(settings: Settings, *arguments: str) -> Result:
    environ = {
        "SATCHEL_FOLDER": str(settings.folder),
        "SATCHEL_DATABASE_URL": settings.database_url,
    }
    return CliRunner().invoke(main, list(arguments), env=environ)


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "width", 200)


def test_an_operator_builds_and_lists_sets(sessions: Sessions, settings: Settings) -> None:
    large_company(sessions, 600)
    assert "No segments yet" in satchel(settings, "segments").output
    built = satchel(settings, "segments", "build")
    assert built.exit_code == 0
    assert "territory:NW customers: 1 segments (0 unchanged), 600 rows" in built.output
    assert "No segments are due" in satchel(settings, "segments", "build").output
    customers(sessions, 0, 50, name="Renamed")
    (line,) = [line for line in satchel(settings, "segments").output.splitlines() if "territory:NW" in line]
    assert [cell.strip() for cell in line.split("│")][3:5] == ["1", "600"]
    assert [cell.strip() for cell in line.split("│")][6:8] == ["50", "0"]
    assert "600 rows" in satchel(settings, "segments", "build", "--all").output
    (line,) = [line for line in satchel(settings, "segments").output.splitlines() if "territory:NW" in line]
    assert [cell.strip() for cell in line.split("│")][6:8] == ["0", "1"]


def test_building_is_refused_while_another_process_builds(sessions: Sessions, settings: Settings) -> None:
    with build_lock(sessions, settings.folder):
        refused = satchel(settings, "segments", "build")
    assert refused.exit_code == 1 and "another process is building" in refused.output


@pytest.mark.parametrize(
    ("command", "reason"), [("doctor", "Not a directory"), ("segments build", "Not a directory")]
)
def test_an_unwritable_store_is_reported(
    sessions: Sessions, settings: Settings, command: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "_width", 400)
    large_company(sessions, 600)
    settings.folder.mkdir(parents=True, exist_ok=True)
    (settings.folder / "segments").write_text("a file where the folder should be")
    result = satchel(settings, *command.split())
    assert result.exit_code == 1 and "segments" in result.output and reason in result.output


def test_the_worker_builds_what_is_due_and_sweeps(
    sessions: Sessions, settings: Settings, tmp_path: Path
) -> None:
    large_company(sessions, 600)
    company.say(sessions, *(company.product(f"P{n:04}") for n in range(500)))
    round = run_maintenance(sessions, SystemClock(), settings)
    round()
    assert len(set_of(sessions)) == len(set_of(sessions, ("everyone", "products"))) == 1
    before = set_of(sessions)[0].position
    round()
    assert set_of(sessions)[0].position == before
