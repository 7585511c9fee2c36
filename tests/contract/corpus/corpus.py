"""Corpora: the requests of devices of a released revision and the replies they got, frozen.

A folder per revision holds the golden exchanges of its release, copied from `tests/contract/wire`, and

- `story.json`: the records that the server started with, the order of requests, and the events in between
  (the methods of `tests/contract/wire/stage.py`),
- `catalogue.json`: the definitions of everything on the wire, as JSON Schema.

`python -m tests.contract.corpus.record` freezes the next one. A corpus is never written again. Where a method
of the stage got another name since, `renamed_events.json` maps the name in frozen stories to the present one.
"""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
NO_EXCHANGE = ("story", "catalogue")


def revisions() -> list[int]:
    """Return the revisions that have a corpus."""
    return sorted(int(path.name) for path in FOLDER.iterdir() if path.name.isdigit())


def names(revision: int) -> list[str]:
    """Return the names of a corpus' exchanges."""
    return sorted(path.stem for path in folder(revision).glob("*.json") if path.stem not in NO_EXCHANGE)


def folder(revision: int) -> Path:
    """Return the folder of the corpus of *revision*, which need not exist."""
    return FOLDER / str(revision)


def read(revision: int, name: str) -> Any:
    """Return an exchange, the story or the catalogue of a corpus."""
    return json.loads((folder(revision) / f"{name}.json").read_text(encoding="utf-8"))


def steps(revision: int) -> list[Any]:
    """Return the steps of a corpus' story, with the present names of its events."""
    renamed = json.loads((Path(__file__).parent / "renamed_events.json").read_text(encoding="utf-8"))
    return [
        {**step, "event": renamed.get(step["event"], step["event"])} if "event" in step else step
        for step in read(revision, "story")["steps"]
    ]


def write(revision: int, name: str, value: Any) -> None:
    """Write a file of a corpus that is being frozen."""
    text = json.dumps(value, ensure_ascii=False, indent=1)
    (folder(revision) / f"{name}.json").write_text(text + "\n", encoding="utf-8")
