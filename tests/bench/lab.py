"""The bench itself: one PostgreSQL, the contestants on it, and a client process for each measurement."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.bench.clients.client import Address
from tests.bench.company import BenchRep, reps
from tests.bench.contestants.contestant import Contestant
from tests.bench.contestants.handwritten import HandwrittenContestant
from tests.bench.contestants.kinto import KintoContestant
from tests.bench.contestants.satchel import SatchelContestant
from tests.bench.contestants.static import StaticContestant
from tests.bench.dataset import DataSet
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
        self.data = DataSet(folder, sizes.records)

    def filled(self, name: str, **more: Any) -> Contestant:
        """Return the contestant *name*, filled and not started."""
        folder = self.folder / f"{name}-{self.sizes.records}"
        contestant = KINDS[name](self.postgres, folder, self.sizes, **more)
        contestant.fill(self.reps, self.data)
        return contestant

    @contextmanager
    def running(self, contestant: Contestant) -> Iterator[None]:
        """Run *contestant* for the block."""
        try:
            contestant.start()
            yield
        finally:
            contestant.stop()

    def measure(self, contestant: Contestant, address: Address, job: str, **more: Any) -> dict[str, Any]:
        """Run a client's *job* and return its result with what was used for it (`meter.Watch`).

        Raises RuntimeError with the client's words if it failed.
        """
        return self._run(contestant, {"job": job, "address": asdict(address), **more})

    def flood(self, contestant: Contestant, addresses: Sequence[Address], seconds: float) -> dict[str, Any]:
        """Poll from all *addresses* at once for *seconds*; each client has caught up before."""
        job = {
            "job": "idle", "port": contestant.port, "seconds": seconds,
            "pollers": [asdict(address) for address in addresses],
        }  # fmt: skip
        return self._run(contestant, job)

    def _run(self, contestant: Contestant, job: dict[str, Any]) -> dict[str, Any]:
        job |= {"web": contestant.web, "database": [self.postgres.pid]}
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.clients.run"],
            input=json.dumps(job), capture_output=True, text=True, cwd=ROOT, timeout=CLIENT_SECONDS,
            check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{contestant.name}, {job['job']}: {done.stderr[-2000:]}")
        result: dict[str, Any] = json.loads(done.stdout)
        return result
