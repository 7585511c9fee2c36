"""What chaos has played so far, over all its runs: a table in .cache/chaos."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[2] / ".cache" / "chaos"


@dataclass
class Line:
    """One trial, summed up."""

    seeds: int = 0
    histories: int = 0
    failures: int = 0
    seconds: float = 0.0


class Ledger:
    """Kept on disk after each seed, so that a run that is cut short has counted."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "table.json"
        found = json.loads(self._file.read_text()) if self._file.exists() else {}
        self.lines = {name: Line(**line) for name, line in found.items()}

    def note(self, trial: str, histories: int, seconds: float, failure: str | None) -> None:
        """Count one seed of *trial*; a *failure* is kept to the letter in failures.txt."""
        line = self.lines.setdefault(trial, Line())
        line.seeds += 1
        line.histories += histories
        line.seconds += seconds
        if failure is not None:
            line.failures += 1
            with (self.folder / "failures.txt").open("a") as file:
                file.write(failure + "\n" + "=" * 100 + "\n")
        draft = self._file.with_suffix(".draft")
        draft.write_text(json.dumps({name: asdict(one) for name, one in self.lines.items()}, indent=1))
        draft.replace(self._file)

    def table(self) -> str:
        """Return the table as text."""
        rows = [f"{'trial':<14}{'seeds':>8}{'histories':>12}{'failures':>10}{'minutes':>10}"]
        for name, line in sorted(self.lines.items()):
            rows.append(
                f"{name:<14}{line.seeds:>8}{line.histories:>12}{line.failures:>10}{line.seconds / 60:>10.1f}"
            )
        return "\n".join(rows)
