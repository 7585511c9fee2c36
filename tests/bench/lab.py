"""The test bench: one PostgreSQL, the systems on it, and a client process for each measurement."""

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
from tests.bench.dataset import DataSet
from tests.bench.sizes import Sizes
from tests.bench.systems.handwritten import HandwrittenSystem
from tests.bench.systems.kinto import KintoSystem
from tests.bench.systems.satchel import SatchelSystem
from tests.bench.systems.static import StaticSystem
from tests.bench.systems.system import System
from tests.services import PostgresServer

ROOT = Path(__file__).parents[2]
CLIENT_SECONDS = 1_200
KINDS: dict[str, Callable[..., System]] = {
    "satchel": SatchelSystem,
    "kinto": KintoSystem,
    "handwritten": HandwrittenSystem,
    "static": StaticSystem,
}


class Lab:
    """The systems, filled with *sizes.records* records; one of them runs at a time."""

    def __init__(self, postgres: PostgresServer, folder: Path, sizes: Sizes) -> None:
        self.postgres, self.folder, self.sizes = postgres, folder, sizes
        self.reps: list[BenchRep] = reps(sizes.reps)
        self.data = DataSet(folder, sizes.records)

    def filled(self, name: str, **options: Any) -> System:
        """Return the system *name*, filled but not started."""
        folder = self.folder / f"{name}-{self.sizes.records}"
        system = KINDS[name](self.postgres, folder, self.sizes, **options)
        system.fill(self.reps, self.data)
        return system

    @contextmanager
    def running(self, system: System) -> Iterator[None]:
        """Run *system* for the block."""
        try:
            system.start()
            yield
        finally:
            system.stop()

    def measure(self, system: System, address: Address, job: str, **options: Any) -> dict[str, Any]:
        """Run a client's *job*; return its result and the resources that it used (`meter.Watch.used`).

        Raises RuntimeError with the client's error output if it failed.
        """
        return self._run(system, {"job": job, "address": asdict(address), **options})

    def push(self, system: System, loads: Sequence[tuple[Address, list[dict[str, Any]]]]) -> dict[str, Any]:
        """Let each address push its documents in batches, all at once; the result is as from `measure`."""
        phones = [{"address": asdict(address), "documents": documents} for address, documents in loads]
        return self._run(system, {"job": "push", "phones": phones, "batch": self.sizes.batch})

    def flood(self, system: System, addresses: Sequence[Address], seconds: float) -> dict[str, Any]:
        """Poll from all *addresses* at once for *seconds*; each client catches up first."""
        job = {
            "job": "idle", "port": system.port, "seconds": seconds,
            "pollers": [asdict(address) for address in addresses],
        }  # fmt: skip
        return self._run(system, job)

    def _run(self, system: System, job: dict[str, Any]) -> dict[str, Any]:
        job |= {"web": system.web, "database": [self.postgres.pid]}
        finished = subprocess.run(
            [sys.executable, "-m", "tests.bench.clients.run"],
            input=json.dumps(job), capture_output=True, text=True, cwd=ROOT, timeout=CLIENT_SECONDS,
            check=False,
        )  # fmt: skip
        if finished.returncode:
            raise RuntimeError(f"{system.name}, {job['job']}: {finished.stderr[-2000:]}")
        result: dict[str, Any] = json.loads(finished.stdout)
        return result
