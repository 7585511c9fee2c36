"""A phone as a process: captures and syncs until it is told to stop capturing, and keeps a diary of its own.

`python -m tests.system.chaos.rig.phone FOLDER SERVER CODE REP SEED MOST PACE`. The diary
(`diary.jsonl`) is forced to disk line by line. The verdict compares the end with it: what was captured and
acknowledged, and seen of others.
"""

import contextlib
import json
import os
import sys
import time
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from sync_protocol.device.device import Device
from sync_protocol.device.errors import DeviceError
from tests.system.chaos.rig.watching import Watching
from tests.system.scenarios.rep import FieldRep, photo

SETTLED = ("accepted", "rejected", "cancelled", "withdrawn", "superseded")


class Phone:
    """One life of the process; the folder outlives it."""

    def __init__(
        self, folder: Path, server: str, code: str, rep: str, seed: int, most: int, pace: float
    ) -> None:
        """*most* is how many documents it captures in all its lives: the ERP has to take them afterwards.

        Between two of them *pace* seconds pass, so that there is something to lose all the while.
        """
        self.folder, self.rep, self.most, self.pace = folder, rep, most, pace
        self.draw = Random(seed + int(time.time()))
        self.code, self.server = code, server
        watching = Watching(rep, lambda found: self.note("leak", canary=found))
        self.device = Device(folder / "device", http=watching, sleep=lambda seconds: None, zone="Europe/Berlin")
        self.field = FieldRep(self.device)

    def live(self) -> None:
        """Capture and sync until the folder holds the word `end`."""
        while not (self.folder / "end").exists():
            with contextlib.suppress(DeviceError):
                if self.device.identity is None:
                    self.device.enrol(self.code, self.server, name=f"phone of {self.rep}")
                if not (self.folder / "drain").exists():
                    self.capture()
                self.sync()
            time.sleep(self.draw.uniform(0.2, 1.0))
        self.device.close()

    def capture(self) -> None:
        """Capture an order, now and then an expense claim."""
        customers = list(self.field.customers())
        captured = len(self.device.documents())
        if not customers or captured >= self.due() or self.draw.random() < 0.3:
            return
        if captured == 2:
            id = self.field.capture_claim("18.40", photo(60_000, self.draw.randrange(2**32)))
            self.note("captured", id=id, kind="expense_claim", total="18.40")
            return
        canary = f"CANARY-{self.rep}-{self.draw.randrange(2**60):x}"
        customer = self.draw.choice(customers)["id"]
        id = self.field.capture_order(str(self.draw.randint(1, 9)), customer, notes=canary)
        body = next(document.body for document in self.device.documents() if document.id == id)
        total = sum(Decimal(line["unit_price"]) * Decimal(line["quantity"]) for line in body["lines"])
        self.note("captured", id=id, kind="order", total=str(total.quantize(Decimal("0.01"))), mark=canary)

    def due(self) -> int:
        """Return how many documents it should have captured by now, counted from its first customers."""
        began = self.folder / "began"
        if not began.exists():
            began.touch()
        return min(self.most, 1 + int((time.time() - began.stat().st_mtime) / self.pace))

    def sync(self) -> None:
        """Sync once, and write down how things stand."""
        report = self.device.sync()
        for result in report.results:
            if result["status"] in ("received", "duplicate"):
                self.note("acknowledged", id=result["id"])
        documents = self.device.documents()
        standing = {
            "at": time.time(),
            "problem": str(report.problem) if report.problem else None,
            "complete": report.problem is None and (report.complete or report.unchanged),
            "open": {d.id: d.words for d in documents if d.state not in SETTLED},
            "fates": {d.id: d.state for d in documents},
        }
        draft = self.folder / "standing.draft"
        draft.write_text(json.dumps(standing))
        draft.replace(self.folder / "standing.json")

    def note(self, event: str, **more: Any) -> None:
        """Add a line to the diary; when this returns it is on disk."""
        with (self.folder / "diary.jsonl").open("a") as file:
            file.write(json.dumps({"event": event, **more}) + "\n")
            file.flush()
            os.fsync(file.fileno())


if __name__ == "__main__":
    folder, server, code, rep, seed, most, pace = sys.argv[1:]
    Phone(Path(folder), server, code, rep, int(seed), int(most), float(pace)).live()
