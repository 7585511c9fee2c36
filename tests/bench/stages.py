"""The run: which parts are measured of which systems, in which order. Each stage adds its results."""

import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.bench.lab import KINDS, Lab
from tests.bench.parts import app, commands, day, drain, forwarding, fresh, growth, side_by_side, slow, threads
from tests.bench.parts.drain_tryton import drain_tryton
from tests.bench.sizes import Sizes
from tests.bench.systems.satchel import GranianSystem, SatchelSystem
from tests.bench.systems.system import System
from tests.services import PostgresServer, TrytonServer

NAMES = ("satchel", GranianSystem.name, *(name for name in KINDS if name != "satchel"))
GROWING = ("satchel", "handwritten")
"""The systems whose growth is measured; a million records would take the others too long."""
MAIN = ("first", "idle", "fixed", "delta", "push")
"""Parts that are measured on the main data set, of all systems by turns."""
LINES = ("slow", "day")
PARTS = (*MAIN, "commands", "fresh", "forward", "drain", "growth", *LINES, "app", "tryton")
BY_NAME = ("threads",)
"""Parts that are measured only if they are named."""


class Run:
    """One run: measures the parts *wanted* of the systems *names*."""

    def __init__(
        self, postgres: PostgresServer, folder: Path, sizes: Sizes, names: Sequence[str], parts: Sequence[str]
    ) -> None:
        self.postgres, self.folder, self.sizes, self.names, self.wanted = postgres, folder, sizes, names, parts
        self.results: dict[str, Any] = {}
        self.on_progress: Callable[[dict[str, Any]], None] = lambda results: None
        """Called with the results so far after each step."""
        self._filled: dict[tuple[str, int], System] = {}
        self._began = time.monotonic()
        self._ends = self._began + 60 * sizes.minutes

    def everything(self) -> dict[str, Any]:
        """Measure the wanted parts and return the results.

        `left_out` names those that had no time left; `failed` has the error of each that failed, by its name.
        """
        stages: dict[str, tuple[Sequence[str], Callable[[], None]]] = {
            "main": (MAIN, self._compare),
            "commands": (["commands"], self._commands),
            "fresh": (["fresh"], self._fresh),
            "forward": (["forward"], self._forward),
            "drain": (["drain"], self._drain),
            "growth": (["growth"], self._grow),
            "lines": (LINES, self._lines),
            "app": (["app"], self._app),
            "tryton": (["tryton"], self._tryton),
            "threads": (BY_NAME, self._threads),
        }
        for name, (parts, measure) in stages.items():
            if not set(parts) & set(self.wanted):
                continue
            if time.monotonic() > self._ends:
                self.results.setdefault("left_out", []).append(name)
                continue
            try:
                measure()
            except Exception as error:
                # The other parts took many minutes.
                traceback.print_exc()
                self.results.setdefault("failed", {})[name] = f"{type(error).__name__}: {error}"
            self.on_progress(self.results)
        return self.results

    def _compare(self) -> None:
        lab = self._lab_of(self.sizes.records)
        names = [name for name in self.names if name != GranianSystem.name]
        systems = {name: self._system(lab, name) for name in names}
        satchel = systems.get("satchel")
        if GranianSystem.name in self.names and isinstance(satchel, SatchelSystem):
            systems[GranianSystem.name] = GranianSystem(satchel)
        with self._all_running(lab, systems):
            self._report(f"{', '.join(systems)} by turns, {self.sizes.records:,} records")
            self.results["main"] = side_by_side.compare(lab, systems, self.wanted, self._begins)

    def _begins(self, part: str, results: side_by_side.Results) -> None:
        self._report(f"  {part}")
        # Those of the parts before it are kept, should the run end here.
        self.results["main"] = results
        self.on_progress(self.results)

    def _commands(self) -> None:
        self._report("start-up of commands")
        satchel = self._system(self._lab_of(self.sizes.fresh), "satchel")
        assert isinstance(satchel, SatchelSystem)
        self.results["commands"] = commands.commands(satchel, self.sizes.commands)

    def _fresh(self) -> None:
        self._report(f"{self.sizes.fresh_repeats} fresh databases")
        lab, sizes = self._lab_of(self.sizes.fresh), replace(self.sizes, processes=1)
        self.results["fresh"] = fresh.fresh(lab, self.postgres, self.folder, sizes)

    def _forward(self) -> None:
        self._report(f"{self.sizes.forward:,} orders through one forwarder")
        self.results["forward"] = forwarding.forward(self.postgres, self.folder / "forward", self.sizes)

    def _drain(self) -> None:
        self._report(f"{self.sizes.drain:,} queued orders")
        self.results["drain"] = drain.drain(self.postgres, self.folder / "drain", self.sizes)

    def _app(self) -> None:
        self._report("the phone app in Chromium")
        self.results["app"] = app.app(self.postgres, self.folder / "app", self.sizes, self._app_begins)

    def _app_begins(self, step: str, results: dict[str, Any]) -> None:
        self._report(f"  {step}")
        self.results["app"] = results
        self.on_progress(self.results)

    def _tryton(self) -> None:
        self._report(f"{self.sizes.drain_tryton:,} queued orders for Tryton")
        folder = self.folder / "tryton"
        with TrytonServer(self.postgres, folder, "bench_tryton") as server:
            self.results["tryton"] = drain_tryton(server, self.postgres, folder, self.sizes)

    def _threads(self) -> None:
        lab = self._lab_of(self.sizes.fresh)
        satchel = self._system(lab, "satchel")
        assert isinstance(satchel, SatchelSystem)
        systems = {system.name: system for system in threads.systems(satchel)}
        with self._all_running(lab, systems):
            self._report(f"{', '.join(systems)} threads by turns")
            self.results["threads"] = threads.compare(lab, systems)

    def _grow(self) -> None:
        labs = {n: self._lab_of(n) for n in sorted({self.sizes.small, self.sizes.records, self.sizes.large})}
        by_size: dict[int, dict[str, Any]] = {size: {} for size in labs}
        for name in (name for name in GROWING if name in self.names):
            sized = {size: (lab, self._system(lab, name)) for size, lab in labs.items()}
            rounds = self.sizes.grow_repeats if name == "satchel" else 1
            lab = labs[self.sizes.records]
            with self._all_running(lab, {str(size): system for size, (_, system) in sized.items()}):
                self._report(f"{name} with {', '.join(f'{size:,}' for size in sized)} records by turns")
                for size, figures in growth.compare(sized, rounds).items():
                    by_size[size][name] = figures
        self.results["growth"] = by_size

    def _lines(self) -> None:
        """Measure first syncs over a slow line and days on bad lines at the same time, because they wait for
        the line and not for the CPU."""
        lab = self._lab_of(self.sizes.records)
        days = self._fill_days() if "day" in self.wanted else {}
        names = [name for name in slow.SYSTEMS if name in self.names and "slow" in self.wanted]
        systems = {name: self._system(lab, name) for name in names}
        self._report("first syncs over a slow line, and a rep's day on bad lines")
        with ThreadPoolExecutor(1) as pool, self._all_running(lab, systems):
            slow_syncs = pool.submit(slow.slow_first_syncs, lab, systems) if systems else None
            if days:
                self.results["day"] = self._live(days)
            if slow_syncs:
                self.results["slow"] = slow_syncs.result()

    def _fill_days(self) -> dict[day.Line, SatchelSystem]:
        """Return a Satchel for each line, so that the changes of one day do not reach another."""
        lab, systems = self._lab_of(self.sizes.day), {}
        for line in day.LINES:
            name = line.name.replace(" ", "_").lower()
            folder = lab.folder / f"day-{name}"
            systems[line] = SatchelSystem(self.postgres, folder, lab.sizes, database=f"day_{name}")
            systems[line].fill(lab.reps, lab.data)
        return systems

    def _live(self, systems: dict[day.Line, SatchelSystem]) -> dict[str, Any]:
        """Play the day on each line at the same time."""
        lab = self._lab_of(self.sizes.day)

        def play(line: day.Line) -> dict[str, Any]:
            with lab.running(systems[line]):
                return day.day(lab, systems[line], line)

        with ThreadPoolExecutor(len(systems)) as pool:
            days = zip((line.name for line in systems), pool.map(play, systems), strict=True)
            return day.with_twice(dict(days))

    def _system(self, lab: Lab, name: str) -> System:
        """Return the system *name* with the records of *lab*; it is filled once."""
        key = (name, lab.sizes.records)
        if key not in self._filled:
            self._report(f"filling {name} with {lab.sizes.records:,} records")
            options = {"fast": lab.sizes.records > self.sizes.records} if name == "satchel" else {}
            self._filled[key] = lab.filled(name, **options)
        return self._filled[key]

    @contextmanager
    def _all_running(self, lab: Lab, systems: Mapping[str, System]) -> Iterator[None]:
        """Run all *systems* for the block, warmed up: a process loads much at its first request."""
        try:
            for system in systems.values():
                system.start()
                if system.name != "static":
                    lab.flood(system, [system.address(lab.reps[0])] * (2 * lab.sizes.processes), 1)
            yield
        finally:
            for system in systems.values():
                system.stop()

    def _lab_of(self, records: int) -> Lab:
        return Lab(self.postgres, self.folder, replace(self.sizes, records=records))

    def _report(self, text: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        print(f"{minutes:2}:{seconds:02} … {text}", file=sys.stderr, flush=True)
