"""The run: what is measured of whom, in which order. Each stage fills in its part of the results."""

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
from tests.bench.systems.satchel import SatchelContestant
from tests.bench.systems.system import System
from tests.services import PostgresServer, TrytonServer

GROWING = ("satchel", "handwritten")
"""Whose growth is measured; a million records would take the others too long."""
PARTS = ("first", "idle", "fixed", "delta", "push", "growth", "slow", "day", "drain", "tryton")


class Run:
    """One run over the systems *names*, of the parts *wanted*."""

    def __init__(
        self, postgres: PostgresServer, folder: Path, sizes: Sizes, names: Sequence[str], wanted: Sequence[str]
    ) -> None:
        self.postgres, self.folder, self.sizes, self.names, self.wanted = postgres, folder, sizes, names, wanted
        self.results: dict[str, Any] = {}
        self.on_progress: Callable[[dict[str, Any]], None] = lambda results: None
        """Called with what there is so far, whenever something has been added."""
        self._main: dict[str, System] = {}
        self._lab = self._lab_of(sizes.records)

    def everything(self) -> dict[str, Any]:
        """Measure what is wanted and return the results."""
        if set(self.wanted) & {"first", "idle", "fixed", "delta", "push", "slow"}:
            self.results["main"] = {}
            for name in self.names:
                self._say(f"{name}, {self.sizes.records:,} records")
                self.results["main"][name] = self._one(self._lab, name, keep=True)
                self.on_progress(self.results)
        if "growth" in self.wanted:
            self._grow()
        self.on_progress(self.results)
        self._lines()
        if "drain" in self.wanted:
            self._say(f"{self.sizes.drain:,} queued orders")
            self.results["drain"] = drain.drain(self.postgres, self.folder / "drain", self.sizes)
            self.on_progress(self.results)
        if "tryton" in self.wanted:
            self._say(f"{self.sizes.drain_tryton:,} queued orders for Tryton")
            folder = self.folder / "tryton"
            with TrytonServer(self.postgres, folder, "bench_tryton") as server:
                self.results["tryton"] = drain_tryton(server, self.postgres, folder, self.sizes)
        return self.results

    def _lines(self) -> None:
        """Measure what waits for its line and not for the machine: side by side."""
        if not {"slow", "day"} & set(self.wanted):
            return
        days = self._fill_days() if "day" in self.wanted else {}
        self._say("first syncs over a slow line, and a rep's day on bad lines")
        with ThreadPoolExecutor(2) as pool:
            if "slow" in self.wanted:
                slowly = pool.submit(self._slow)
            if days:
                self.results["day"] = self._live(days)
            if "slow" in self.wanted:
                self.results["slow"] = slowly.result()

    def _one(self, lab: Lab, name: str, keep: bool = False, **more: Any) -> dict[str, Any]:
        """Fill, start and measure one system."""
        began = time.perf_counter()
        system = lab.filled(name, **more)
        found: dict[str, Any] = {"fill_seconds": time.perf_counter() - began}
        rep, growing = lab.reps[0], not keep
        if keep:
            self._main[name] = system
        with lab.running(system):
            if name != "static":
                # A moment of it unmeasured: every process has then loaded what it loads at its first request.
                lab.flood(system, [system.address(rep)] * (2 * lab.sizes.processes), 1)
            repeats = lab.sizes.repeats if keep and "first" in self.wanted else 1
            found["first"] = parts.first_sync(lab, system, [system.address(rep)] * repeats)
            if name == "static":
                return found
            state = found["first"].pop("state")
            if growing or "idle" in self.wanted:
                found["idle"] = parts.idle(lab, system)
            if growing or "fixed" in self.wanted:
                found["fixed"] = parts.delta(lab, system, state, parts.fixed(lab, 1))
            if growing:
                return found
            if "delta" in self.wanted:
                state = lab.measure(system, system.address(rep), "first")["state"]
                found["delta"] = parts.delta(lab, system, state, parts.one_percent(lab, 2))
            if isinstance(system, SatchelContestant) and "first" in self.wanted:
                self._other_devices(lab, system)
            if "push" in self.wanted:
                found["push"] = parts.push(lab, system)
        return found

    def _other_devices(self, lab: Lab, satchel: SatchelContestant) -> None:
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
        known = self.results.get("main", {})
        for size in (self.sizes.small, self.sizes.records, self.sizes.large):
            growth[size] = {}
            lab = self._lab_of(size)
            for name in GROWING:
                if name not in self.names:
                    continue
                if size == self.sizes.records and "fixed" in known.get(name, {}):
                    growth[size][name] = known[name]
                    continue
                self._say(f"{name}, {size:,} records")
                more = {"fast": size > self.sizes.records} if name == "satchel" else {}
                growth[size][name] = self._one(lab, name, **more)
        self.results["growth"] = growth

    def _slow(self) -> dict[str, Any]:
        there = {name: c for name, c in self._main.items() if name in ("satchel", "handwritten", "static")}
        for system in there.values():
            system.start()
        try:
            return slow.slow_first_syncs(self._lab, there)
        finally:
            for system in there.values():
                system.stop()

    def _fill_days(self) -> dict[day.Line, SatchelContestant]:
        """Return a Satchel for each line: what is published on one day is no news on another."""
        lab, there = self._lab_of(self.sizes.day), {}
        for line in day.LINES:
            name = line.name.replace(" ", "_").lower()
            folder = lab.folder / f"day-{name}"
            there[line] = SatchelContestant(self.postgres, folder, lab.sizes, database=f"day_{name}")
            there[line].fill(lab.reps, lab.data)
        return there

    def _live(self, there: dict[day.Line, SatchelContestant]) -> dict[str, Any]:
        """Live the day on each line at the same time."""
        lab = self._lab_of(self.sizes.day)

        def one(line: day.Line) -> dict[str, Any]:
            with lab.running(there[line]):
                return day.day(lab, there[line], line)

        with ThreadPoolExecutor(len(there)) as pool:
            days = zip((line.name for line in there), pool.map(one, there), strict=True)
            return day.with_twice(dict(days))

    def _lab_of(self, records: int) -> Lab:
        return Lab(self.postgres, self.folder, replace(self.sizes, records=records))

    def _say(self, text: str) -> None:
        print(f"… {text}", file=sys.stderr, flush=True)
