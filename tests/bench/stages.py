"""The run: which parts are measured of which system, in which order. Each stage adds its results."""

import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.bench.lab import Lab
from tests.bench.parts import day, drain, parts, slow
from tests.bench.parts.drain_tryton import drain_tryton
from tests.bench.sizes import Sizes
from tests.bench.systems.satchel import SatchelSystem
from tests.bench.systems.system import System
from tests.services import PostgresServer, TrytonServer

GROWING = ("satchel", "handwritten")
"""The systems whose growth is measured; a million records would take the others too long."""
PARTS = ("first", "idle", "fixed", "delta", "push", "growth", "slow", "day", "drain", "tryton")


class Run:
    """One run: measures the parts *wanted* of the systems *names*."""

    def __init__(
        self, postgres: PostgresServer, folder: Path, sizes: Sizes, names: Sequence[str], wanted: Sequence[str]
    ) -> None:
        self.postgres, self.folder, self.sizes, self.names, self.wanted = postgres, folder, sizes, names, wanted
        self.results: dict[str, Any] = {}
        self.on_progress: Callable[[dict[str, Any]], None] = lambda results: None
        """Called with the results so far after each step."""
        self._main: dict[str, System] = {}
        self._lab = self._lab_of(sizes.records)

    def everything(self) -> dict[str, Any]:
        """Measure the wanted parts and return the results."""
        if set(self.wanted) & {"first", "idle", "fixed", "delta", "push", "slow"}:
            self.results["main"] = {}
            for name in self.names:
                self._report(f"{name}, {self.sizes.records:,} records")
                self.results["main"][name] = self._measure(self._lab, name, keep=True)
                self.on_progress(self.results)
        if "growth" in self.wanted:
            self._grow()
        self.on_progress(self.results)
        self._lines()
        if "drain" in self.wanted:
            self._report(f"{self.sizes.drain:,} queued orders")
            self.results["drain"] = drain.drain(self.postgres, self.folder / "drain", self.sizes)
            self.on_progress(self.results)
        if "tryton" in self.wanted:
            self._report(f"{self.sizes.drain_tryton:,} queued orders for Tryton")
            folder = self.folder / "tryton"
            with TrytonServer(self.postgres, folder, "bench_tryton") as server:
                self.results["tryton"] = drain_tryton(server, self.postgres, folder, self.sizes)
        return self.results

    def _lines(self) -> None:
        """Measure the parts with slow lines at the same time, because they wait for the line and not for the
        CPU."""
        if not {"slow", "day"} & set(self.wanted):
            return
        days = self._fill_days() if "day" in self.wanted else {}
        self._report("first syncs over a slow line, and a rep's day on bad lines")
        with ThreadPoolExecutor(2) as pool:
            if "slow" in self.wanted:
                slow_syncs = pool.submit(self._slow)
            if days:
                self.results["day"] = self._live(days)
            if "slow" in self.wanted:
                self.results["slow"] = slow_syncs.result()

    def _measure(self, lab: Lab, name: str, keep: bool = False, **more: Any) -> dict[str, Any]:
        """Fill, start and measure one system."""
        began = time.perf_counter()
        system = lab.filled(name, **more)
        figures: dict[str, Any] = {"fill_seconds": time.perf_counter() - began}
        rep, growing = lab.reps[0], not keep
        if keep:
            self._main[name] = system
        with lab.running(system):
            if name != "static":
                # Warm up: every process loads at its first request what it loads late.
                lab.flood(system, [system.address(rep)] * (2 * lab.sizes.processes), 1)
            repeats = lab.sizes.repeats if keep and "first" in self.wanted else 1
            figures["first"] = parts.first_sync(lab, system, [system.address(rep)] * repeats)
            if name == "static":
                return figures
            state = figures["first"].pop("state")
            if growing or "idle" in self.wanted:
                figures["idle"] = parts.idle(lab, system)
            if growing or "fixed" in self.wanted:
                figures["fixed"] = parts.delta(lab, system, state, parts.fixed(lab, 1))
            if growing:
                return figures
            if "delta" in self.wanted:
                state = lab.measure(system, system.address(rep), "first")["state"]
                figures["delta"] = parts.delta(lab, system, state, parts.one_percent(lab, 2))
            if isinstance(system, SatchelSystem) and "first" in self.wanted:
                self._other_devices(lab, system)
            if "push" in self.wanted:
                figures["push"] = parts.push(lab, system)
        return figures

    def _other_devices(self, lab: Lab, satchel: SatchelSystem) -> None:
        """Measure the first sync of the reference device, and of a device that knows no segments."""
        address = satchel.address(lab.reps[0])
        old = replace(address, options={**address.options, "schema": 1})
        others = {"reference": satchel.reference(lab.reps[0]), "rows": old}
        for name, other in others.items():
            figures = parts.first_sync(lab, satchel, [other])
            figures.pop("state")
            self.results["main"][name] = {"first": figures}

    def _grow(self) -> None:
        growth: dict[int, dict[str, Any]] = {}
        main = self.results.get("main", {})
        for size in (self.sizes.small, self.sizes.records, self.sizes.large):
            growth[size] = {}
            lab = self._lab_of(size)
            for name in GROWING:
                if name not in self.names:
                    continue
                if size == self.sizes.records and "fixed" in main.get(name, {}):
                    growth[size][name] = main[name]
                    continue
                self._report(f"{name}, {size:,} records")
                more = {"fast": size > self.sizes.records} if name == "satchel" else {}
                growth[size][name] = self._measure(lab, name, **more)
        self.results["growth"] = growth

    def _slow(self) -> dict[str, Any]:
        systems = {name: c for name, c in self._main.items() if name in ("satchel", "handwritten", "static")}
        for system in systems.values():
            system.start()
        try:
            return slow.slow_first_syncs(self._lab, systems)
        finally:
            for system in systems.values():
                system.stop()

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

    def _lab_of(self, records: int) -> Lab:
        return Lab(self.postgres, self.folder, replace(self.sizes, records=records))

    def _report(self, text: str) -> None:
        print(f"… {text}", file=sys.stderr, flush=True)
