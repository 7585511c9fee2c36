"""A phone as a process: captures and syncs until it is told to stop capturing, and logs what happened to it.

`python -m tests.system.chaos.rig.phone FOLDER SERVER CODE REP SEED MAX_DOCUMENTS INTERVAL`.
Each line of the log (`events.jsonl`) is forced to disk. The comparison reads the end of the run with it: which
documents were captured and acknowledged, and which documents of other reps were seen.
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
from tests.system.chaos.rig.leak_detector import LeakDetector
from tests.system.scenarios.rep import FieldRep, photo

SETTLED = ("accepted", "rejected", "cancelled", "withdrawn", "superseded")


class Phone:
    """One run of the process; the folder outlives it."""

    def __init__(
        self, folder: Path, server: str, code: str, rep: str, seed: int, max_documents: int, interval: float
    ) -> None:
        """Make the phone.

        Args:
            max_documents: documents that it captures over all its runs; the ERP has to take them afterwards.
            interval: seconds between two of them, so that there are open documents during all faults.
        """
        self.folder, self.rep, self.max_documents, self.interval = folder, rep, max_documents, interval
        self.draw = Random(seed + int(time.time()))
        self.code, self.server = code, server
        detector = LeakDetector(rep, lambda canary: self.log("leak", canary=canary))
        self.device = Device(folder / "device", http=detector, sleep=lambda seconds: None, zone="Europe/Berlin")
        self.field = FieldRep(self.device)

    def run(self) -> None:
        """Capture and sync until the folder holds a file `end`."""
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
        """Capture an order, or an expense claim as the third document."""
        customers = list(self.field.customers())
        captured = len(self.device.documents())
        if not customers or captured >= self.due() or self.draw.random() < 0.3:
            return
        if captured == 2:
            id = self.field.capture_claim("18.40", photo(60_000, self.draw.randrange(2**32)))
            self.log("captured", id=id, kind="expense_claim", total="18.40")
            return
        canary = f"CANARY-{self.rep}-{self.draw.randrange(2**60):x}"
        customer = self.draw.choice(customers)["id"]
        id = self.field.capture_order(str(self.draw.randint(1, 9)), customer, notes=canary)
        body = next(document.body for document in self.device.documents() if document.id == id)
        total = sum(Decimal(line["unit_price"]) * Decimal(line["quantity"]) for line in body["lines"])
        self.log("captured", id=id, kind="order", total=str(total.quantize(Decimal("0.01"))), mark=canary)

    def due(self) -> int:
        """Return how many documents it should have captured by now; time starts with its first customers."""
        started = self.folder / "began"
        if not started.exists():
            started.touch()
        return min(self.max_documents, 1 + int((time.time() - started.stat().st_mtime) / self.interval))

    def sync(self) -> None:
        """Sync once, and write the phone's status."""
        report = self.device.sync()
        for result in report.results:
            if result["status"] in ("received", "duplicate"):
                self.log("acknowledged", id=result["id"])
        documents = self.device.documents()
        status = {
            "at": time.time(),
            "problem": report.problem.technical or str(report.problem) if report.problem else None,
            "complete": report.problem is None and (report.complete or report.unchanged),
            "open": {d.id: d.state_label for d in documents if d.state not in SETTLED},
            "states": {d.id: d.state for d in documents},
        }
        draft = self.folder / "status.draft"
        draft.write_text(json.dumps(status))
        draft.replace(self.folder / "status.json")

    def log(self, event: str, **fields: Any) -> None:
        """Add a line to the log; when this returns it is on disk."""
        with (self.folder / "events.jsonl").open("a") as file:
            file.write(json.dumps({"event": event, **fields}) + "\n")
            file.flush()
            os.fsync(file.fileno())


if __name__ == "__main__":
    folder, server, code, rep, seed, max_documents, interval = sys.argv[1:]
    Phone(Path(folder), server, code, rep, int(seed), int(max_documents), float(interval)).run()
