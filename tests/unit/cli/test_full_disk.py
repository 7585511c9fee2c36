"""A full disk: every sentence says so and advises to free space, and doctor warns before."""

import errno
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from backend.cli.doctor import command
from backend.cli.error_messages import FREE_SPACE, explain
from backend.connectors.flatfile.errors import out_of_reach
from backend.sample_erp.database import SampleDatabase
from tests.unit.cli.place import Place


def test_a_full_database_is_not_a_wrong_setting(set_up: Place) -> None:
    file = set_up.folder / "instance" / "satchel.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        [[pages]] = connection.execute("PRAGMA page_count").fetchall()
    error = _full(file, pages)
    text = explain(error)
    assert text == f"the database cannot be used: database or disk is full; {FREE_SPACE}"


def _full(file: Path, pages: int) -> sqlite3.OperationalError:
    """Return what SQLite raises when *file* cannot grow beyond *pages*."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(sqlite3.OperationalError) as raised:
            connection.execute("CREATE TABLE large AS SELECT zeroblob(1000000) AS content")
    return raised.value


def test_the_sample_erp_tells_the_cause_although_sqlite_has_rolled_back(tmp_path: Path) -> None:
    db = SampleDatabase(tmp_path / "erp.sqlite")
    db.execute("PRAGMA max_page_count = 1")
    with closing(db), pytest.raises(sqlite3.OperationalError, match="disk is full"), db.transaction():
        db.execute("CREATE TABLE large AS SELECT zeroblob(1000000) AS content")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_share_is_not_asked_whether_it_is_mounted(number: int) -> None:
    message = out_of_reach(OSError(number, "No space left on device", "/share/to_erp/x")).message
    assert message == "/share/to_erp/x cannot be used: No space left on device. Free disk space there."


def test_doctor_warns_of_a_disk_that_is_almost_full(set_up: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=200 << 20))
    output = set_up.run("doctor").output
    assert "200 MiB are free" in output and "free disk space" in output


def test_doctor_reports_a_full_disk_as_an_error(set_up: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(command.tempfile, "TemporaryFile", full)
    result = set_up.run("doctor")
    assert result.exit_code == 1
    assert "No space left on device" in result.output and "free disk space" in result.output


def test_a_folder_on_a_full_disk_is_refused_with_the_same_advice() -> None:
    error = OSError(errno.ENOSPC, "No space left on device", "/data/satchel")
    assert explain(error) == f"/data/satchel: No space left on device; {FREE_SPACE}"
