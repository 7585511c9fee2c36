"""The phones of a run: processes that are started, killed, started again, and asked how they stand."""

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
    most: int
    """Documents that it captures."""
    pace: float
    """Seconds between two of them."""
    process: ServerProcess | None = field(default=None, init=False)

    def start(self, failpoints: str = "") -> None:
        """Switch it on; with SATCHEL_DEVICE_FAILPOINTS it may switch itself off."""
        if self.alive:
            return
        self.kill()
        self.folder.mkdir(parents=True, exist_ok=True)
        arguments = (self.folder, self.server, self.code, self.rep, self.seed, self.most, self.pace)
        command = [sys.executable, "-m", "tests.system.chaos.rig.phone", *map(str, arguments)]
        environ = {**bare_environ(), "SATCHEL_DEVICE_FAILPOINTS": failpoints}
        self.process = ServerProcess(command, self.folder / "phone.log", env=environ, folder=ROOT)

    @property
    def alive(self) -> bool:
        """Whether it is on."""
        return self.process is not None and self.process.alive

    def kill(self) -> None:
        """Take the battery out."""
        if self.process is not None:
            self.process.kill()

    def say(self, word: str) -> None:
        """Tell it to `drain` (capture no more) or to `end`."""
        (self.folder / word).touch()

    def end(self) -> None:
        """Let it end; by force if it does not."""
        self.say("end")
        if self.process is not None and not self.process.wait(15):
            self.kill()

    @property
    def standing(self) -> dict[str, Any]:
        """How it stood after its last sync; empty before the first."""
        file = self.folder / "standing.json"
        found: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
        return found

    def diary(self, event: str) -> Iterator[dict[str, Any]]:
        """Yield its lines of *event*; a last line that a kill cut is left out."""
        file = self.folder / "diary.jsonl"
        for line in file.read_text().splitlines() if file.exists() else []:
            with contextlib.suppress(ValueError):
                entry = json.loads(line)
                if entry["event"] == event:
                    yield entry
