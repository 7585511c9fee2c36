"""CPU and memory of processes, from /proc: a server is its main process and everything below it."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.services.process_tree import children_of

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Load:
    """What some processes have used so far; subtract two to see what was used in between."""

    cpu: float
    """Seconds of user and system time, of children that have ended too."""

    def __sub__(self, earlier: "Load") -> float:
        return self.cpu - earlier.cpu


def load_of(roots: Iterable[int]) -> Load:
    """Return what the processes *roots* and all below them have used so far."""
    ticks = 0
    for pid in family(roots):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        # utime stime cutime cstime are fields 14 to 17; the name and what stands before it are cut off
        ticks += sum(map(int, fields[11:15]))
    return Load(ticks / _TICKS)


def peak_memory(roots: Iterable[int]) -> int:
    """Return the sum of the peak resident memory of *roots* and all below them, in bytes."""
    return sum(_status(pid, "VmHWM") for pid in family(roots))


def own_peak_memory() -> int:
    """Return the peak resident memory of this process, in bytes."""
    return _status(os.getpid(), "VmHWM")


def reset_peak(roots: Iterable[int]) -> None:
    """Let the peaks of *roots* and all below them begin anew, where we may."""
    for pid in family(roots):
        try:
            Path(f"/proc/{pid}/clear_refs").write_text("5")
        except OSError:
            continue


def family(roots: Iterable[int]) -> list[int]:
    """Return *roots* and the ids of all processes below them."""
    found, waiting = [], list(roots)
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += children_of(pid)
    return found


def _status(pid: int, name: str) -> int:
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
    except (FileNotFoundError, ProcessLookupError):
        pass
    return 0
