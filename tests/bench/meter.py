"""CPU and memory of processes, from /proc: a server is its main process and everything below it."""

import contextlib
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_TICKS = os.sysconf("SC_CLK_TCK")


class Watch:
    """Measures what a server, its database and this process use after `begin`."""

    def __init__(self, web: Sequence[int], database: Sequence[int]) -> None:
        """*web* and *database* are ids of processes; their descendants count too."""
        self._web, self._database = web, database
        self.begin()

    def begin(self) -> None:
        """Start counting."""
        reset_peak(self._web)
        self._before = self._now()

    def used(self) -> dict[str, float]:
        """Return `web_cpu`, `database_cpu`, our own `cpu` (seconds), `web_peak` and our own `peak` (bytes)."""
        web, database, own = self._now()
        web_before, database_before, own_before = self._before
        return {
            "web_cpu": web.since(web_before),
            "database_cpu": database.since(database_before),
            "cpu": own - own_before,
            "web_peak": peak_memory(self._web),
            "peak": own_peak_memory(),
        }

    def _now(self) -> tuple["_Cpu", "_Cpu", float]:
        return _Cpu.of(self._web), _Cpu.of(self._database), time.process_time()


@dataclass(frozen=True)
class _Cpu:
    """CPU time of processes, exact by thread and rounded to ticks in all; a short round is a few ticks."""

    by_thread: dict[str, int]
    """Nanoseconds by thread, as the scheduler counts them; without threads that have ended."""
    seconds: float
    """Those of ended threads and processes included."""

    @classmethod
    def of(cls, roots: Sequence[int]) -> Self:
        by_thread: dict[str, int] = {}
        for pid in family(roots):
            for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
                with contextlib.suppress(OSError, IndexError):
                    by_thread[str(task)] = int(task.read_text().split()[0])
        return cls(by_thread, cpu_of(roots))

    def since(self, before: Self) -> float:
        """Return the seconds that passed since *before*: the exact ones, unless a thread has ended."""
        if not before.by_thread or before.by_thread.keys() - self.by_thread.keys():
            return self.seconds - before.seconds
        return sum(now - before.by_thread.get(task, 0) for task, now in self.by_thread.items()) / 1e9


def cpu_of(roots: Iterable[int]) -> float:
    """Return the user and system time of *roots*, their descendants and ended children, in seconds."""
    seconds = 0.0
    for pid in family(roots):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        # utime stime cutime cstime are fields 14 to 17, the number of threads is field 20; the fields up to the
        # name are cut off
        user, system, ended_user, ended_system = map(int, fields[11:15])
        seconds += (ended_user + ended_system) / _TICKS
        # The scheduler's own count, in nanoseconds, has the main thread only.
        precise = _nanoseconds(pid) if fields[17] == "1" else None
        seconds += (user + system) / _TICKS if precise is None else precise / 1e9
    return seconds


def _nanoseconds(pid: int) -> int | None:
    """Return the CPU time of the main thread of *pid*, or None if the kernel does not count it."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])
    except (OSError, IndexError):
        return None


def peak_memory(roots: Iterable[int]) -> int:
    """Return the sum of the peak resident memory of *roots* and their descendants, in bytes."""
    return sum(_status(pid, "VmHWM") for pid in family(roots))


def own_peak_memory() -> int:
    """Return the peak resident memory of this process, in bytes."""
    return _status(os.getpid(), "VmHWM")


def reset_peak(roots: Iterable[int]) -> None:
    """Reset the peak memory of *roots* and their descendants, where the system allows it."""
    for pid in family(roots):
        try:
            Path(f"/proc/{pid}/clear_refs").write_text("5")
        except OSError:
            continue


def family(roots: Iterable[int]) -> list[int]:
    """Return *roots* and the ids of their descendants."""
    pids, waiting = [], list(roots)
    while waiting:
        pid = waiting.pop()
        pids.append(pid)
        # Does not use tests.services: the modules that a client process imports count as its memory.
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                waiting += map(int, children.read_text().split())
            except (FileNotFoundError, ProcessLookupError):
                continue
    return pids


def _status(pid: int, name: str) -> int:
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
    except (FileNotFoundError, ProcessLookupError):
        pass
    return 0
