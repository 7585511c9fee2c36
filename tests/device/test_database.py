"""The device's file: durable, its own, and never of a version it does not know."""

import sqlite3
from pathlib import Path

import pytest

from sync_protocol.device.database import VERSION, Database
from sync_protocol.device.errors import DatabaseRefused


def test_a_commit_survives_an_empty_battery(tmp_path: Path) -> None:
    db = Database(tmp_path / "d.sqlite3")
    assert db.value("PRAGMA journal_mode") == "wal"
    assert db.value("PRAGMA synchronous") == 2
    db.close()


def test_opening_again_keeps_what_is_there(tmp_path: Path) -> None:
    db = Database(tmp_path / "d.sqlite3")
    db.run("UPDATE held SET cursor = 'c1'")
    db.close()
    db = Database(tmp_path / "d.sqlite3")
    assert db.value("SELECT cursor FROM held") == "c1"
    assert db.damage() == []
    db.close()


def test_a_block_that_raises_leaves_nothing_behind(tmp_path: Path) -> None:
    db = Database(tmp_path / "d.sqlite3")
    with pytest.raises(KeyboardInterrupt), db.writing():
        db.run("UPDATE held SET cursor = 'c1'")
        raise KeyboardInterrupt
    assert db.value("SELECT cursor FROM held") is None
    db.close()


def test_a_file_of_a_newer_app_is_left_alone(tmp_path: Path) -> None:
    db = Database(tmp_path / "d.sqlite3")
    db.run(f"PRAGMA user_version = {VERSION + 1}")
    db.close()
    before = (tmp_path / "d.sqlite3").read_bytes()
    with pytest.raises(DatabaseRefused, match="update the app"):
        Database(tmp_path / "d.sqlite3")
    assert (tmp_path / "d.sqlite3").read_bytes() == before


def test_another_programs_file_is_left_alone(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "d.sqlite3")
    other.execute("CREATE TABLE theirs (a)")
    other.close()
    with pytest.raises(DatabaseRefused, match="another program"):
        Database(tmp_path / "d.sqlite3")
    other = sqlite3.connect(tmp_path / "d.sqlite3")
    assert other.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    other.close()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "d.sqlite3").write_bytes(b"hello" * 1000)
    with pytest.raises(DatabaseRefused, match="not a database"):
        Database(tmp_path / "d.sqlite3")
