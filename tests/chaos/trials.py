"""What chaos plays: each trial takes a seed and plays some of its histories, on the servers that there are."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.chaos.rig.run import run
from tests.chaos.rig.site import Company
from tests.chaos.rig.tally import Tally
from tests.machine.conditions import postgres_servers, small, sqlite_servers
from tests.machine.model_answers import ModelServer
from tests.machine.searching import both_kinds, search
from tests.services import PostgresServer, TrytonServer


@dataclass(frozen=True)
class Trial:
    """Something that is played by seed; raises what it found. *histories* are played at a time."""

    name: str
    histories: int
    play: Callable[[int, int], Tally | None]
    """Takes the seed and the number of histories; returns what the rig counted."""
    in_turn: bool = False
    """Whether seeds go 1, 2, 3, … from where the last run stopped, instead of being drawn."""


def _run(company: Company, folder: Path, seed: int) -> Tally:
    try:
        return run(company, folder, seed)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def trials() -> Iterator[list[Trial]]:
    """Yield the trials, with their databases running."""
    with TemporaryDirectory(prefix="satchel-chaos-") as name, small():
        folder = Path(name)
        server = PostgresServer(folder / "postgres").start()
        try:
            with (
                sqlite_servers(folder) as on_sqlite,
                postgres_servers(server) as on_postgresql,
                TrytonServer(server, folder / "tryton", "chaos") as tryton,
                Company(tryton, folder / "company") as company,
            ):
                yield [
                    Trial("rig", 1, lambda seed, n: _run(company, folder / f"run{seed}", seed), in_turn=True),
                    Trial("model", 100, lambda seed, n: search(ModelServer, both_kinds, n, seed)),
                    Trial("sqlite", 20, lambda seed, n: search(on_sqlite, both_kinds, n, seed)),
                    Trial("postgresql", 10, lambda seed, n: search(on_postgresql, both_kinds, n, seed)),
                ]
        finally:
            server.remove()
