"""The bench itself: one PostgreSQL, the contestants on it, and a client process for each measurement."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.bench import meter, records
from tests.bench.clients.client import Address
from tests.bench.company import BenchRep, reps
from tests.bench.contestants.contestant import Contestant
from tests.bench.contestants.handwritten import HandwrittenContestant
from tests.bench.contestants.kinto import KintoContestant
from tests.bench.contestants.satchel import SatchelContestant
from tests.bench.contestants.static import StaticContestant
from tests.bench.sizes import Sizes
from tests.services import PostgresServer

ROOT = Path(__file__).parents[2]
CLIENT_SECONDS = 1_200
KINDS: dict[str, Callable[..., Contestant]] = {
    "satchel": SatchelContestant,
    "kinto": KintoContestant,
    "handwritten": HandwrittenContestant,
    "static": StaticContestant,
}


class Lab:
    """Contestants, filled with *sizes.records* records; one of them runs at a time."""

    def __init__(self, postgres: PostgresServer, folder: Path, sizes: Sizes) -> None:
        self.postgres, self.folder, self.sizes = postgres, folder, sizes
        self.reps: list[BenchRep] = reps(sizes.reps)

    def filled(self, name: str, **more: Any) -> Contestant:
        """Return the contestant *name*, filled and not started."""
        folder = self.folder / f"{name}-{self.sizes.records}"
        contestant = KINDS[name](self.postgres, folder, self.sizes, **more)
        contestant.fill(self.reps, records.records(self.sizes.records))
        return contestant

    @contextmanager
    def running(self, contestant: Contestant) -> Iterator[None]:
        """Run *contestant* for the block."""
        contestant.start()
        try:
            yield
        finally:
            contestant.stop()

    def measure(self, contestant: Contestant, address: Address, job: str, **more: Any) -> dict[str, Any]:
        """Run a client's *job* and return its result with what the server used for it.

        That is `web_cpu` and `database_cpu` in seconds and `web_peak` in bytes. Raises RuntimeError with the
        client's words if it failed.
        """
        return self._run(contestant, {"job": job, "address": asdict(address), **more})

    def flood(self, contestant: Contestant, pollers: Sequence[tuple[Address, Any]]) -> dict[str, Any]:
        """Poll from all *pollers* (address, state) at once for `sizes.idle_seconds`."""
        job = {
            "job": "idle", "port": contestant.port, "seconds": self.sizes.idle_seconds,
            "pollers": [(asdict(address), state) for address, state in pollers],
        }  # fmt: skip
        return self._run(contestant, job)

    def _run(self, contestant: Contestant, job: dict[str, Any]) -> dict[str, Any]:
        meter.reset_peak(contestant.web)
        web, database = meter.load_of(contestant.web), meter.load_of([self.postgres.pid])
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.clients.run"],
            input=json.dumps(job), capture_output=True, text=True, cwd=ROOT, timeout=CLIENT_SECONDS,
            check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{contestant.name}, {job['job']}: {done.stderr[-2000:]}")
        return {
            **json.loads(done.stdout),
            "web_cpu": meter.load_of(contestant.web) - web,
            "database_cpu": meter.load_of([self.postgres.pid]) - database,
            "web_peak": meter.peak_memory(contestant.web),
        }
