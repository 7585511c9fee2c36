"""The results of all runs of `make chaos` so far: three tables in .cache/chaos."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.system.chaos.rig.run_result import FINDINGS, RunResult

FOLDER = Path(__file__).parents[3] / ".cache" / "chaos"


@dataclass
class Line:
    """The sums of one trial."""

    seeds: int = 0
    histories: int = 0
    failures: int = 0
    seconds: float = 0.0


@dataclass
class FaultLine:
    """The sums of one fault of the rig, over the runs that had it."""

    runs: int = 0
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    leaked: int = 0
    differing: int = 0
    waiting: int = 0
    longest: float = 0.0
    """Longest time in seconds from healing to the end of a run."""

    def add(self, result: RunResult) -> None:
        """Count the run of *result*."""
        self.runs += 1
        self.acknowledged += result.acknowledged
        _sum_up(self, result)
        self.longest = max(self.longest, result.seconds)


@dataclass
class BrokenLine:
    """The sums of one product that is broken on purpose, over the runs against it."""

    runs: int = 0
    noticed: int = 0
    lost: int = 0
    doubled: int = 0
    leaked: int = 0
    differing: int = 0
    waiting: int = 0

    def add(self, result: RunResult) -> None:
        """Count the run of *result*, which has found what is broken."""
        self.noticed += 1
        _sum_up(self, result)


def _sum_up(line: FaultLine | BrokenLine, result: RunResult) -> None:
    for finding in FINDINGS:
        setattr(line, finding, getattr(line, finding) + getattr(result, finding))


class RunLog:
    """The tables; saved after each seed, so that an interrupted run counts and the next one continues."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "table.json"
        saved: dict[str, Any] = json.loads(self._file.read_text()) if self._file.exists() else {}
        self.lines = {name: Line(**line) for name, line in saved.get("trials", {}).items()}
        self.faults = {name: FaultLine(**line) for name, line in saved.get("faults", {}).items()}
        self.broken = {name: BrokenLine(**line) for name, line in saved.get("broken", {}).items()}

    def played(self, trial: str) -> int:
        """Return how many seeds of *trial* have been played."""
        return self.lines.get(trial, Line()).seeds

    def record(
        self, trial: str, histories: int, seconds: float, failure: str | None, result: RunResult | None = None
    ) -> None:
        """Count one seed of *trial*; the text of a *failure* is added to failures.txt."""
        line = self.lines.setdefault(trial, Line())
        line.seeds += 1
        line.histories += histories
        line.seconds += seconds
        for fault in ("all runs", *result.faults) if result else ():
            self.faults.setdefault(fault, FaultLine()).add(result)
        if failure is not None:
            line.failures += 1
            self._keep(failure)
        self._save()

    def record_broken(self, name: str, result: RunResult | None, failure: str | None) -> None:
        """Count a run against the broken product *name*; *failure* is a text if the run did not notice it."""
        line = self.broken.setdefault(name, BrokenLine())
        line.runs += 1
        if result is not None:
            line.add(result)
        if failure is not None:
            self._keep(failure)
        self._save()

    def _keep(self, failure: str) -> None:
        with (self.folder / "failures.txt").open("a") as file:
            file.write(failure + "\n" + "=" * 100 + "\n")

    def _save(self) -> None:
        tables = {"trials": self.lines, "faults": self.faults, "broken": self.broken}
        draft = self._file.with_suffix(".draft")
        draft.write_text(json.dumps({name: _plain(lines) for name, lines in tables.items()}, indent=1))
        draft.replace(self._file)

    def table(self) -> str:
        """Return the three tables as text."""
        rows = [f"{'trial':<28}{'seeds':>8}{'histories':>12}{'failures':>10}{'minutes':>10}"]
        for name, line in sorted(self.lines.items()):
            rows.append(
                f"{name:<28}{line.seeds:>8}{line.histories:>12}{line.failures:>10}{line.seconds / 60:>10.1f}"
            )
        head = "".join(f"{finding:>11}" for finding in FINDINGS)
        rows += ["", f"{'fault':<44}{'runs':>6}{'acknowledged':>14}{head}{'longest s':>11}"]
        for name, fault in sorted(self.faults.items()):
            rows.append(
                f"{name:<44}{fault.runs:>6}{fault.acknowledged:>14}{_counts(fault)}{fault.longest:>11.0f}"
            )
        rows += ["", f"{'broken on purpose':<44}{'runs':>6}{'noticed':>14}{head}"]
        for name, broken in sorted(self.broken.items()):
            rows.append(f"{name:<44}{broken.runs:>6}{broken.noticed:>14}{_counts(broken)}")
        return "\n".join(rows)


def _counts(line: FaultLine | BrokenLine) -> str:
    return "".join(f"{getattr(line, finding):>11}" for finding in FINDINGS)


def _plain(lines: dict[str, Any]) -> dict[str, Any]:
    return {name: asdict(line) for name, line in lines.items()}
