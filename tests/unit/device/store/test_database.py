"""The device's file: durable, its own, and never of a version it does not know."""

import hashlib
import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from sync_protocol.canonical import canonical
from sync_protocol.checksum import Checksum, record_hash, row_hash, signed
from sync_protocol.device import failpoint
from sync_protocol.device.errors import DatabaseRefused
from sync_protocol.device.store import checks, offers, replica
from sync_protocol.device.store.database import Database
from sync_protocol.device.store.schema import VERSION


def test_a_commit_survives_an_empty_battery(tmp_path: Path) -> None:
    db = Database(tmp_path / "d.sqlite3")
    assert db.value("PRAGMA journal_mode") == "wal"
    assert db.value("PRAGMA synchronous") == 2
    db.close()


def test_opening_again_keeps_what_is_there(tmp_path: Path) -> None:
    db = Database(tmp_path / "d.sqlite3")
    db.run("UPDATE sync_state SET cursor = 'c1'")
    db.close()
    db = Database(tmp_path / "d.sqlite3")
    assert db.value("SELECT cursor FROM sync_state") == "c1"
    assert db.integrity_errors() == []
    db.close()


def test_a_block_that_raises_leaves_nothing_behind(tmp_path: Path) -> None:
    db = Database(tmp_path / "d.sqlite3")
    with pytest.raises(KeyboardInterrupt), db.writing():
        db.run("UPDATE sync_state SET cursor = 'c1'")
        raise KeyboardInterrupt
    assert db.value("SELECT cursor FROM sync_state") is None
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


def first_version(path: Path, rows: int = 2500) -> None:
    """Write a file as version 1 of the app left it, with *rows* customers and an order in the outbox."""
    old = sqlite3.connect(path)
    old.executescript((Path(__file__).parent / "version_1.sql").read_text())
    old.executemany(
        "INSERT INTO record (collection, key, channel, position, body, words, parent)"
        " VALUES ('customers', ?, 'territory:NW', ?, ?, '', NULL)",
        # Not in canonical order, as a proxy that rewrites JSON would leave it.
        [(f"C{n}", n + 1, f'{{"name":"Café {n}","id":"C{n}"}}') for n in range(rows)],
    )
    old.execute("UPDATE held SET cursor = 'c', etag = 'W/\"t\"', epoch = 'e1', complete = 1")
    old.execute(
        "INSERT INTO document (id, rep, kind, title, captured_at, sha256, frozen)"
        " VALUES ('D', 'R1', 'order', '', '', ?, ?)",
        (hashlib.sha256(b"{}").hexdigest(), b'{"body":{}}'),
    )
    old.execute("INSERT INTO session VALUES (1, 's', 'i', 'd', 'R1', 'Rosa', 'c', 'key-1', 'a', 0, 'refresh')")
    old.commit()
    old.close()


def tables(db: Database) -> dict[str, list[tuple[object, ...]]]:
    names = [row["name"] for row in db.rows("SELECT name FROM sqlite_master ORDER BY name")]
    return {
        name: [tuple(row) for row in db.rows(f"PRAGMA table_xinfo({name})")]
        + [tuple(row) for row in db.rows(f"PRAGMA index_xinfo({name})")]
        for name in names
    }


def test_a_file_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    first_version(tmp_path / "old.sqlite3")
    db, new = Database(tmp_path / "old.sqlite3"), Database(tmp_path / "new.sqlite3")
    assert tables(db) == tables(new)
    assert db.value("PRAGMA user_version") == VERSION and db.integrity_errors() == []
    assert db.value("SELECT count(*) FROM record") == 2500
    assert db.value("SELECT body FROM record WHERE key = 'C7'") == '{"id":"C7","name":"Café 7"}'
    expected = Checksum.of(
        record_hash("customers", f"C{n}", {"id": f"C{n}", "name": f"Café {n}"}) for n in range(2500)
    )
    assert checks.total(db) == expected and checks.rehash(db) == 0
    # The outbox and the session are as they were; the cursor is good, and the next answer brings a checksum.
    assert db.value("SELECT frozen FROM document") == b'{"body":{}}'
    assert db.value("SELECT refresh_token FROM session") == "refresh"
    assert tuple(db.row("SELECT cursor, etag, verified FROM sync_state") or ()) == ("c", None, 0)
    db.close()
    new.close()


def second_version(path: Path) -> None:
    """Write a file of version 2: in the middle of a download, with an order in the outbox."""
    old = sqlite3.connect(path)
    old.executescript((Path(__file__).parent / "version_2.sql").read_text())
    old.execute(
        "UPDATE held SET run = 3, cursor = 'c', etag = 'W/\"t\"', epoch = 'e1', complete = 1, check_count = 1,"
        " check_sum = ?, verified = 1, then_cursor = 'd', server_time = '2026-11-23T09:00:00Z',"
        " verified_at = '2026-11-23T09:00:00Z', deep_at = '2026-11-22T09:00:00Z',"
        " renewed_at = '2026-11-21T09:00:00Z'",
        (signed(record_hash("customers", "C1", {"id": "C1", "name": "Café"})),),
    )
    body = canonical({"id": "C1", "name": "Café"}).decode()
    old.execute(
        "INSERT INTO record (collection, key, channel, position, body, hash, words, parent)"
        " VALUES ('customers', 'C1', 'territory:NW', 7, ?, ?, 'c1 cafe', NULL)",
        (body, signed(row_hash("customers", "C1", body))),
    )
    old.execute("INSERT INTO segment VALUES ('everyone', 'units', '', NULL, 1, 'abc', 10, 2, 5, NULL, 1)")
    old.execute(
        "INSERT INTO document (id, rep, kind, title, captured_at, sha256, frozen, state)"
        " VALUES ('D', 'R1', 'order', '', '', ?, ?, 'queued')",
        (hashlib.sha256(b"{}").hexdigest(), b'{"body":{}}'),
    )
    old.execute("INSERT INTO session VALUES (1, 's', 'i', 'd', 'R1', 'Rosa', 'c', 'key-1', 'a', 0, 'refresh')")
    old.commit()
    old.close()


def test_a_file_of_the_second_version_keeps_its_data(tmp_path: Path) -> None:
    second_version(tmp_path / "old.sqlite3")
    db, new = Database(tmp_path / "old.sqlite3"), Database(tmp_path / "new.sqlite3")
    assert tables(db) == tables(new)
    assert db.value("PRAGMA user_version") == VERSION and db.integrity_errors() == []
    state = replica.sync_state(db)
    assert (state.run, state.cursor, state.etag, state.epoch, state.then) == (3, "c", 'W/"t"', "e1", "d")
    assert state.verified and state.check == checks.total(db)
    assert (state.verified_at, state.rehashed_at, state.refetched_at) == (
        "2026-11-23T09:00:00Z", "2026-11-22T09:00:00Z", "2026-11-21T09:00:00Z",
    )  # fmt: skip
    assert replica.records(db, "customers", "cafe") == [{"id": "C1", "name": "Café"}]
    assert offers.progress(db).segments == 1 and offers.progress(db).rows_applied == 2
    assert tuple(db.row("SELECT frozen, state FROM document") or ()) == (b'{"body":{}}', "queued")
    assert db.value("SELECT refresh_token FROM session") == "refresh"
    db.close()
    new.close()


@pytest.mark.parametrize("point", ["migrate.after_rows=raise@2", "migrate.after_step=raise"])
def test_a_migration_that_is_stopped_starts_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    first_version(tmp_path / "old.sqlite3")
    monkeypatch.setattr(failpoint, "_hits", Counter())
    monkeypatch.setenv("SATCHEL_DEVICE_FAILPOINTS", point)
    with pytest.raises(failpoint.FailpointRaised):
        Database(tmp_path / "old.sqlite3")
    old = sqlite3.connect(tmp_path / "old.sqlite3")
    assert old.execute("PRAGMA user_version").fetchone() == (1,)
    assert old.execute("SELECT count(*) FROM record").fetchone() == (2500,)
    old.close()
    monkeypatch.delenv("SATCHEL_DEVICE_FAILPOINTS")
    db = Database(tmp_path / "old.sqlite3")
    assert db.value("SELECT count(*) FROM record WHERE hash != 0") == 2500
    db.close()


def test_a_row_that_cannot_be_hashed_is_left_to_the_repair(tmp_path: Path) -> None:
    first_version(tmp_path / "old.sqlite3", rows=3)
    old = sqlite3.connect(tmp_path / "old.sqlite3")
    old.execute("UPDATE record SET body = '{' WHERE key = 'C1'")
    old.commit()
    old.close()
    db = Database(tmp_path / "old.sqlite3")
    assert [row["key"] for row in db.rows("SELECT key FROM record")] == ["C0", "C2"]
    db.close()
