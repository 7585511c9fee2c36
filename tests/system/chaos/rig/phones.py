"""The phones of a run as seen from outside: start and kill their processes, and read their status and logs."""

import contextlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.services.process import ServerProcess
from tests.system.scenarios.node import ROOT, bare_environ


@dataclass
class PhoneProcess:
    """One phone of *rep*, in *folder*."""

    folder: Path
    server: str
    code: str
    rep: str
    seed: int
    max_documents: int
    """Documents that it captures over all its runs."""
    interval: float
    """Seconds between two of them."""
    process: ServerProcess | None = field(default=None, init=False)

    def start(self, failpoints: str = "") -> None:
        """Start it unless it runs; *failpoints* (SATCHEL_DEVICE_FAILPOINTS) may make it kill itself."""
        if self.alive:
            return
        self.kill()
        self.folder.mkdir(parents=True, exist_ok=True)
        arguments = (
            self.folder,
            self.server,
            self.code,
            self.rep,
            self.seed,
            self.max_documents,
            self.interval,
        )
        command = [sys.executable, "-m", "tests.system.chaos.rig.phone", *map(str, arguments)]
        environ = {**bare_environ(), "SATCHEL_DEVICE_FAILPOINTS": failpoints}
        self.process = ServerProcess(command, self.folder / "phone.log", env=environ, folder=ROOT)

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.alive

    def kill(self) -> None:
        """Kill the process, as an empty battery would."""
        if self.process is not None:
            self.process.kill()

    def command(self, name: str) -> None:
        """Tell it to `drain` (capture no more) or to `end`."""
        (self.folder / name).touch()

    def end(self) -> None:
        """Stop the process, by force if it does not end in a minute."""
        self.command("end")
        if self.process is not None and not self.process.wait(60):
            self.kill()

    @property
    def status(self) -> dict[str, Any]:
        """The status that it wrote after its last sync; empty before the first (see `Phone.sync`)."""
        file = self.folder / "status.json"
        status: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
        return status

    def events(self, event: str) -> Iterator[dict[str, Any]]:
        """Yield the lines of its log with *event*, without a last line that a kill has cut off."""
        file = self.folder / "events.jsonl"
        for line in file.read_text().splitlines() if file.exists() else []:
            with contextlib.suppress(ValueError):
                entry = json.loads(line)
                if entry["event"] == event:
                    yield entry
