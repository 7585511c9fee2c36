"""Killed at any moment, the device opens again whole: a document with its receipts, a page with its cursor."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sync_protocol.device.device import Device
from tests.device.conftest import Opened
from tests.device.fake_server import FakeServer
from tests.device.test_capture import photo

PROGRAM = [sys.executable, "-m", "tests.device.victim"]
ROOT = Path(__file__).parents[2]


def run(folder: Path, what: str, failpoints: str) -> int:
    """Run the victim on *folder*; return its exit code, -9 if it was killed."""
    environment = {**os.environ, "SATCHEL_DEVICE_FAILPOINTS": failpoints}
    done = subprocess.run(
        [*PROGRAM, str(folder), what], cwd=ROOT, env=environment, capture_output=True, timeout=60
    )
    assert done.returncode in (0, -9), done.stderr.decode()
    return done.returncode


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
    assert again.damage() == []
    assert len(again.documents()) == stored
    assert again.files.path(photo().sha256).exists() or not stored
    # What was left over stands in nobody's way.
    assert run(folder, "capture", "") == 0
    assert len(again.documents()) == stored + 1 and again.damage() == []


@pytest.mark.parametrize(
    "failpoint", ["apply.after_drop", "apply.after_puts", "apply.before_commit", "apply.after_commit"]
)
@pytest.mark.parametrize("nth", [1, 3])
def test_a_page_that_is_killed_is_applied_whole_or_not_at_all(
    enrolled: Device, opened: Opened, server: FakeServer, folder: Path, failpoint: str, nth: int
) -> None:
    enrolled.close()
    assert run(folder, "pull", f"{failpoint}=kill@{nth}") == -9
    again = opened()
    assert again.damage() == []
    held = again.status()
    applied = nth if failpoint == "apply.after_commit" else nth - 1
    assert (held.held.cursor is not None) == (applied > 0)
    assert sum(held.counts.values()) == applied * 3
    server.page_rows = 3
    assert again.sync().complete
    assert sum(again.status().counts.values()) == len(server.feed.live())


def test_killed_at_random_while_capturing_it_has_every_document_it_said_was_saved(
    device: Device, opened: Opened, folder: Path
) -> None:
    """The victim prints each id after "saved"; whatever it printed must be there, with its receipt."""
    device.close()
    said: set[str] = set()
    for seconds in (0.0, 0.01, 0.03, 0.05, 0.08):
        victim = subprocess.Popen(
            [*PROGRAM, str(folder), "capture for ever"], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert victim.stdout is not None
        said.add(victim.stdout.readline().strip())
        time.sleep(seconds)
        victim.kill()
        rest = victim.stdout.read()
        said.update(line.strip() for line in rest.splitlines(keepends=True) if line.endswith("\n"))
        victim.stdout.close()
        victim.wait(timeout=30)
        again = opened()
        assert again.damage() == []
        assert said <= {document.id for document in again.documents()}
        again.close()
    assert len(said) >= 5
