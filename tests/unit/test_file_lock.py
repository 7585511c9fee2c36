"""File locks: who gets one, who waits, and when it ends."""

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

from backend.file_lock import lock, try_lock
from tests.architecture.test_contracts import committed
from tests.eventually import SECONDS

KILLED_WHILE_IT_LOCKS = """
import os, sys
from backend.file_lock import lock
lock(os.open(sys.argv[1], os.O_RDWR | os.O_CREAT))
print("locked", flush=True)
sys.stdin.read()
"""


def test_a_locked_file_is_refused_until_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "file.lock"
    with path.open("a") as first, path.open("a") as second:
        assert try_lock(first)
        assert not try_lock(second)
        first.close()
        assert try_lock(second)


def test_whoever_waits_gets_the_lock_when_it_is_free(tmp_path: Path) -> None:
    path = tmp_path / "file.lock"
    locked = threading.Event()

    def wait() -> None:
        with path.open("a") as file:
            lock(file)
            locked.set()

    with path.open("a") as file:
        lock(file)
        thread = threading.Thread(target=wait)
        thread.start()
        assert not locked.wait(0.2)
    thread.join(SECONDS)
    assert locked.is_set()


def test_a_lock_ends_with_a_killed_process(tmp_path: Path) -> None:
    path = tmp_path / "file.lock"
    command = [sys.executable, "-c", KILLED_WHILE_IT_LOCKS, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"locked\n"
        descriptor = os.open(path, os.O_RDWR)
        try:
            assert not try_lock(descriptor)
            process.kill()
            process.wait()
            assert try_lock(descriptor)
        finally:
            os.close(descriptor)


def test_no_other_file_of_the_product_locks_files() -> None:
    locks = re.compile(r"flock|lockf|F_SETLK")
    sources = committed("backend/*.py", "sync_protocol/*.py")
    users = [path.name for path in sources if locks.search(path.read_text())]
    assert users == ["file_lock.py"]
