"""What chaos has played so far, over all its runs: two tables in .cache/chaos."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.chaos.rig.tally import Tally

FOLDER = Path(__file__).parents[2] / ".cache" / "chaos"


@dataclass
class Line:
    """One trial, summed up."""

    seeds: int = 0
    histories: int = 0
    failures: int = 0
    seconds: float = 0.0


@dataclass
class FaultLine:
    """One fault of the rig, summed up over the runs that had it."""

    runs: int = 0
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    leaked: int = 0
    longest: float = 0.0
    """The most seconds from healing to the end of a run."""

    def add(self, tally: Tally) -> None:
        """Count the run of *tally*."""
        self.runs += 1
        self.acknowledged += tally.acknowledged
        self.lost += tally.lost
        self.doubled += tally.doubled
        self.leaked += tally.leaked
        self.longest = max(self.longest, tally.seconds)


class Ledger:
    """Kept on disk after each seed, so that a run that is cut short has counted and the next one goes on."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "table.json"
        found: dict[str, Any] = json.loads(self._file.read_text()) if self._file.exists() else {}
        self.lines = {name: Line(**line) for name, line in found.get("trials", {}).items()}
        self.faults = {name: FaultLine(**line) for name, line in found.get("faults", {}).items()}

    def played(self, trial: str) -> int:
        """Return how many seeds of *trial* have been played."""
        return self.lines.get(trial, Line()).seeds

    def note(
        self, trial: str, histories: int, seconds: float, failure: str | None, tally: Tally | None = None
    ) -> None:
        """Count one seed of *trial*; a *failure* is kept to the letter in failures.txt."""
        line = self.lines.setdefault(trial, Line())
        line.seeds += 1
        line.histories += histories
        line.seconds += seconds
        for fault in ("all runs", *tally.faults) if tally else ():
            self.faults.setdefault(fault, FaultLine()).add(tally)
        if failure is not None:
            line.failures += 1
            with (self.folder / "failures.txt").open("a") as file:
                file.write(failure + "\n" + "=" * 100 + "\n")
        draft = self._file.with_suffix(".draft")
        draft.write_text(json.dumps({"trials": _plain(self.lines), "faults": _plain(self.faults)}, indent=1))
        draft.replace(self._file)

    def table(self) -> str:
        """Return both tables as text."""
        rows = [f"{'trial':<14}{'seeds':>8}{'histories':>12}{'failures':>10}{'minutes':>10}"]
        for name, line in sorted(self.lines.items()):
            rows.append(
                f"{name:<14}{line.seeds:>8}{line.histories:>12}{line.failures:>10}{line.seconds / 60:>10.1f}"
            )
        head = f"{'fault':<44}{'runs':>6}{'acknowledged':>14}{'lost':>6}{'doubled':>9}{'leaked':>8}"
        rows += ["", f"{head}{'longest s':>11}"]
        for name, fault in sorted(self.faults.items()):
            counts = (
                f"{fault.runs:>6}{fault.acknowledged:>14}{fault.lost:>6}{fault.doubled:>9}{fault.leaked:>8}"
            )
            rows.append(f"{name:<44}{counts}{fault.leaked:>8}{fault.longest:>11.0f}")
        return "\n".join(rows)


def _plain(lines: dict[str, Any]) -> dict[str, Any]:
    return {name: asdict(line) for name, line in lines.items()}
