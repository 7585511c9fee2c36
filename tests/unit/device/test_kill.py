"""Killed at any moment, the device opens again whole: a document with its receipts, a page with its cursor."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sync_protocol.device.device import Device
from tests.eventually import SECONDS
from tests.unit.device import company
from tests.unit.device.capture.test_capture import photo
from tests.unit.device.conftest import Opened
from tests.unit.device.feed_server import FeedServer
from tests.unit.device.store.test_database import first_version

PROGRAM = [sys.executable, "-m", "tests.unit.device.killed_program"]
ROOT = Path(__file__).parents[3]


def run(folder: Path, command: str, failpoints: str) -> int:
    """Run the victim on *folder*; return its exit code, -9 if it was killed."""
    environment = {**os.environ, "SATCHEL_DEVICE_FAILPOINTS": failpoints}
    process = subprocess.run(
        [*PROGRAM, str(folder), command], cwd=ROOT, env=environment, capture_output=True, timeout=SECONDS
    )
    assert process.returncode in (0, -9), process.stderr.decode()
    return process.returncode


@pytest.mark.parametrize(
    ("failpoint", "stored"),
    [("capture.files_written", False), ("capture.before_commit", False), ("capture.after_commit", True)],
)
def test_a_capture_that_is_killed_is_there_whole_or_not_at_all(
    device: Device, opened: Opened, folder: Path, failpoint: str, stored: bool
) -> None:
    device.close()
    assert run(folder, "capture", f"{failpoint}=kill") == -9
    again = opened()
    assert again.integrity_errors() == []
    assert len(again.documents()) == stored
    assert again.files.path(photo().sha256).exists() or not stored
    # What was left over stands in nobody's way.
    assert run(folder, "capture", "") == 0
    assert len(again.documents()) == stored + 1 and again.integrity_errors() == []


@pytest.mark.parametrize(
    "failpoint", ["apply.after_drop", "apply.after_puts", "apply.before_commit", "apply.after_commit"]
)
@pytest.mark.parametrize("nth", [1, 3])
def test_a_page_that_is_killed_is_applied_whole_or_not_at_all(
    enrolled: Device, opened: Opened, server: FeedServer, folder: Path, failpoint: str, nth: int
) -> None:
    enrolled.close()
    assert run(folder, "pull", f"{failpoint}=kill@{nth}") == -9
    again = opened()
    assert again.integrity_errors() == []
    status = again.status()
    applied = nth if failpoint == "apply.after_commit" else nth - 1
    assert (status.sync_state.cursor is not None) == (applied > 0)
    assert sum(status.counts.values()) == applied * 3
    server.feed.page_rows = 3
    assert again.sync().complete
    assert sum(again.status().counts.values()) == len(server.feed.live())


@pytest.mark.parametrize(
    ("failpoint", "applied"),
    [
        ("segment.after_download=kill@1", 0),
        ("segment.after_download=kill@2", 1),
        ("segment.after_deletes=kill@2", 1),
        ("segment.after_puts=kill@1", 0),
        ("segment.after_puts=kill@2", 1),
        ("segment.before_then=kill@2", 1),
        ("segment.before_commit=kill@1", 0),
        ("segment.before_commit=kill@2", 1),
        ("segment.after_commit=kill@1", 1),
        ("segment.after_commit=kill@2", 2),
    ],
)
def test_a_segment_that_is_killed_is_applied_whole_or_not_at_all_and_then_comes_with_the_last(
    enrolled: Device, opened: Opened, server: FeedServer, folder: Path, failpoint: str, applied: int
) -> None:
    enrolled.close()
    assert run(folder, "segments", failpoint) == -9
    again = opened()
    assert again.integrity_errors() == []
    assert len(again.records("customers")) == applied
    state = again.status().sync_state
    # There are two segments; the cursor moves on with the second one, and no sooner.
    assert (state.then is None) == (applied == 2)
    server.feed.build_in_segments((company.TERRITORY, "customers"), 1)
    server.received.clear()
    report = again.sync()
    assert report.verified and len(again.records("customers")) == 2
    # Nothing is fetched again that had arrived before the battery went: the file stays.
    fetched = [line for line in server.request_lines() if "segments" in line]
    arrived = 1 if failpoint.startswith("segment.after_commit") else applied + 1
    assert len(fetched) == 2 - (applied if failpoint.startswith("segment.after_commit") else arrived)


@pytest.mark.parametrize(
    ("failpoint", "repaired"),
    [
        ("repair.after_drop", False),
        ("repair.after_deletes", False),
        ("repair.before_commit", False),
        ("repair.after_commit", True),
    ],
)
def test_a_repair_that_is_killed_is_done_whole_or_not_at_all(
    device: Device, opened: Opened, server: FeedServer, folder: Path, failpoint: str, repaired: bool
) -> None:
    device.db.run("DELETE FROM record WHERE key = 'C1' AND collection = 'customers'")
    device.db.run("UPDATE record SET key = 'C2x', hash = 1 WHERE key = 'C2' AND collection = 'customers'")
    device.db.run("UPDATE sync_state SET verified = 0")
    device.close()
    assert run(folder, "repair", f"{failpoint}=kill") == -9
    again = opened()
    assert again.integrity_errors() == []
    keys = {row["key"] for row in again.db.rows("SELECT key FROM record WHERE collection = 'customers'")}
    assert keys == ({"C1", "C2"} if repaired else {"C2x"})
    assert again.sync().verified
    assert {record["id"] for record in again.records("customers")} == {"C1", "C2"}


def test_a_migration_that_is_killed_starts_over(opened: Opened, folder: Path) -> None:
    folder.mkdir()
    first_version(folder / "satchel.sqlite3")
    assert run(folder, "open", "migrate.after_rows=kill@2") == -9
    again = opened()
    assert again.integrity_errors() == []
    assert again.db.value("SELECT count(*) FROM record WHERE hash != 0") == 2500


def test_killed_at_random_while_capturing_it_has_every_document_it_said_was_saved(
    device: Device, opened: Opened, folder: Path
) -> None:
    """The victim prints each id after "saved"; whatever it printed must be there, with its receipt."""
    device.close()
    saved_ids: set[str] = set()
    for seconds in (0.0, 0.01, 0.03, 0.05, 0.08):
        victim = subprocess.Popen(
            [*PROGRAM, str(folder), "capture for ever"], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert victim.stdout is not None
        saved_ids.add(victim.stdout.readline().strip())
        time.sleep(seconds)
        victim.kill()
        rest = victim.stdout.read()
        saved_ids.update(line.strip() for line in rest.splitlines(keepends=True) if line.endswith("\n"))
        victim.stdout.close()
        victim.wait(timeout=SECONDS)
        again = opened()
        assert again.integrity_errors() == []
        assert saved_ids <= {document.id for document in again.documents()}
        again.close()
    assert len(saved_ids) >= 5
