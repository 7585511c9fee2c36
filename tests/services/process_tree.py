"""Children that are not ours to wait for: how to find them, and how to see them gone."""

import os
import signal
import subprocess
import time
from pathlib import Path


def children_of(parent: int) -> list[int]:
    """Process ids of the direct children of a process."""
    return [pid for pid, ppid in _parents().items() if ppid == parent]


def descendants_of(ancestor: int) -> list[int]:
    """Process ids of a process' children, their children, and so on."""
    parents = _parents()
    found, waiting = [], [ancestor]
    while waiting:
        one = waiting.pop()
        children = [pid for pid, parent in parents.items() if parent == one]
        found += children
        waiting += children
    return found


def alive(pid: int) -> bool:
    """Whether there is such a process, and more of it than an end that nobody has noticed."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return pid in _parents()


def kill_and_wait(pid: int, seconds: float = 5) -> None:
    """SIGKILL a process which somebody else has to reap, and wait until it has vanished."""
    deadline = time.monotonic() + seconds
    try:
        os.kill(pid, signal.SIGKILL)
        while time.monotonic() < deadline:
            os.kill(pid, 0)
            time.sleep(0.01)
    except ProcessLookupError:
        return


def _parents() -> dict[int, int]:
    """Each process' parent. From /proc where there is one: small images have no `ps`."""
    if not Path("/proc/self/stat").exists():
        listing = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
        pairs = (line.split() for line in listing.stdout.splitlines())
        return {int(pid): int(ppid) for pid, ppid in pairs}
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # "12 (any name) S 11 …": the name may hold spaces and parentheses, so cut after it
            found[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found
