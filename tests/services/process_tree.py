"""Finds processes that are not our children, and waits for their end."""

import os
import signal
import subprocess
import time
from pathlib import Path


def children_of(parent: int) -> list[int]:
    """Return the process ids of the direct children of a process."""
    return [pid for pid, ppid in _parents().items() if ppid == parent]


def descendants_of(ancestor: int) -> list[int]:
    """Return the process ids of all descendants of a process."""
    parents = _parents()
    descendants, waiting = [], [ancestor]
    while waiting:
        current = waiting.pop()
        children = [pid for pid, parent in parents.items() if parent == current]
        descendants += children
        waiting += children
    return descendants


def alive(pid: int) -> bool:
    """Return whether the process runs; a zombie does not."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return pid in _parents()


def kill_and_wait(pid: int, seconds: float = 60) -> None:
    """Send SIGKILL to a process that another process has to reap, and wait until it is gone."""
    deadline = time.monotonic() + seconds
    try:
        os.kill(pid, signal.SIGKILL)
        while time.monotonic() < deadline:
            os.kill(pid, 0)
            time.sleep(0.01)
    except ProcessLookupError:
        return


def _parents() -> dict[int, int]:
    """Return the parent of each process. Reads /proc where it exists, because small images have no `ps`."""
    if not Path("/proc/self/stat").exists():
        listing = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
        pairs = (line.split() for line in listing.stdout.splitlines())
        return {int(pid): int(ppid) for pid, ppid in pairs}
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # "12 (any name) S 11 …": the name may hold spaces and parentheses, so cut after it
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    return parents
