"""Corpora: what devices of a released revision say, and what they were answered, frozen for ever.

A folder per revision holds the golden exchanges of its release as they stand in `tests/contract/wire`, and

- `story.json`: the records the server began with, and the order of requests and of what happened in between
  (`tests/contract/wire/stage.py` has the words),
- `catalogue.json`: the definitions of everything on the wire, as JSON Schema.

`python -m tests.contract.corpus.record` freezes the next one. A corpus is never written again.
"""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
NO_EXCHANGE = ("story", "catalogue")


def revisions() -> list[int]:
    """Return the revisions of which there is a corpus."""
    return sorted(int(path.name) for path in FOLDER.iterdir() if path.name.isdigit())


def names(revision: int) -> list[str]:
    """Return the names of a corpus' exchanges."""
    return sorted(path.stem for path in folder(revision).glob("*.json") if path.stem not in NO_EXCHANGE)


def folder(revision: int) -> Path:
    """Return where the corpus of *revision* is, or would be."""
    return FOLDER / str(revision)


def read(revision: int, name: str) -> Any:
    """Return an exchange, the story or the catalogue of a corpus."""
    return json.loads((folder(revision) / f"{name}.json").read_text(encoding="utf-8"))


def write(revision: int, name: str, value: Any) -> None:
    """Write a file of a corpus that is being frozen."""
    text = json.dumps(value, ensure_ascii=False, indent=1)
    (folder(revision) / f"{name}.json").write_text(text + "\n", encoding="utf-8")
