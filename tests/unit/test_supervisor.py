"""The supervisor: restarts what others can do without, ends all otherwise, and leaves nobody running."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from backend import supervisor
from backend.supervisor import Child, ChildEnded, Policy, Supervisor
from tests.eventually import eventually
from tests.services.process_tree import alive

ROOT = Path(__file__).parents[2]
SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
ENVIRON = {**os.environ, "PYTHONPATH": str(ROOT)}


def pid_of(child: Child) -> int:
    assert child._process is not None
    return child._process.pid


def test_a_child_that_others_can_do_without_is_started_again_with_growing_pauses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    child = Child("the doorbell process", SLEEP, ENVIRON, Policy.RESTART)
    started = []
    monkeypatch.setattr(child, "start", lambda: (started.append(now), _fail(child)))
    pauses = []
    child.start()
    for _ in range(6):
        child.look()
        before = now
        while len(started) == len(pauses) + 1:
            now += 1
            child.look()
        pauses.append(now - before)
    assert pauses == [2, 4, 8, 16, 30, 30]


def test_a_child_that_fails_for_a_day_is_still_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    child = Child("the doorbell process", SLEEP, ENVIRON, Policy.RESTART)
    started = []
    monkeypatch.setattr(child, "start", lambda: (started.append(now), _fail(child)))
    child.start()
    for _ in range(24 * 3600 // 30):
        child.look()
        now += 30
        child.look()
    assert len(started) > 2000


class _Ended:
    returncode = 1

    def poll(self) -> int:
        return 1


def _fail(child: Child) -> None:
    child._process = _Ended()
    child._started_at = time.monotonic()


def test_any_other_child_that_ends_ends_all() -> None:
    ends = [sys.executable, "-c", "raise SystemExit(3)"]
    web = Child("satchel serve --only web", ends, ENVIRON, Policy.END_ALL)
    worker = Child("satchel serve --only worker", SLEEP, ENVIRON, Policy.END_ALL)
    message = "`satchel serve --only web` ended with status 3"
    pids = []
    with pytest.raises(ChildEnded, match=message), Supervisor([web, worker]) as both:
        pids.append(pid_of(worker))
        while True:
            both.look()
            time.sleep(0.05)
    assert not alive(pids[0])


def test_a_child_that_does_not_end_is_killed_with_its_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 0.5)
    file = tmp_path / "grandchild"
    program = (
        "import pathlib, signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"pathlib.Path({str(file)!r}).write_text(str(child.pid))\n"
        "time.sleep(600)\n"
    )
    with Supervisor([Child("stubborn", [sys.executable, "-c", program], ENVIRON, Policy.END_ALL)]):
        eventually(lambda: file.exists() and bool(file.read_text()))
        grandchild = int(file.read_text())
    eventually(lambda: not alive(grandchild))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["SIGKILL", "SIGTERM"])
def test_a_child_ends_when_its_parent_ends(tmp_path: Path, number: int) -> None:
    file = tmp_path / "child"
    child = (
        "import os, pathlib, sys, time\n"
        "from backend.supervisor import end_with_parent\n"
        "end_with_parent(int(sys.argv[1]))\n"
        f"pathlib.Path({str(file)!r}).write_text(str(os.getpid()))\n"
        "time.sleep(600)\n"
    )
    parent = (
        "import os, subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, '-c', {child!r}, str(os.getpid())], start_new_session=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", parent], env=ENVIRON) as process:
        eventually(lambda: file.exists() and bool(file.read_text()))
        pid = int(file.read_text())
        process.send_signal(number)
    eventually(lambda: not alive(pid))
