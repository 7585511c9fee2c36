"""The trials of `make chaos`: each plays histories of a seed."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.services import PostgresServer, TrytonServer
from tests.stateful.search.conditions import postgres_servers, small, sqlite_servers
from tests.stateful.search.model_answers import ModelServer
from tests.stateful.search.searching import both_kinds, search
from tests.system.chaos.rig.broken import Broken
from tests.system.chaos.rig.broken import play as play_broken
from tests.system.chaos.rig.run import run
from tests.system.chaos.rig.run_result import RunResult
from tests.system.chaos.rig.site import Company


@dataclass(frozen=True)
class Trial:
    """A test that is played by seed and raises an exception if it fails; *histories* are played at a time."""

    name: str
    histories: int
    play: Callable[[int, int], RunResult | None]
    """Takes the seed and the number of histories; returns the result of a run of the rig."""
    in_turn: bool = False
    """Whether seeds continue 1, 2, 3, … from where the last run stopped, instead of being random."""
    against: Callable[[int, Broken], RunResult] | None = None
    """Plays a seed against a product that is broken on purpose, and returns the result."""


def _rig(company: Company, root: Path) -> Trial:
    @contextmanager
    def emptied(seed: int) -> Iterator[Path]:
        try:
            yield root / f"run{seed}"
        finally:
            shutil.rmtree(root / f"run{seed}", ignore_errors=True)

    def play(seed: int, histories: int) -> RunResult:
        with emptied(seed) as folder:
            return run(company, folder, seed)

    def against(seed: int, broken: Broken) -> RunResult:
        with emptied(seed) as folder:
            return play_broken(company, folder, seed, broken)

    return Trial("rig", 1, play, in_turn=True, against=against)


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
                    _rig(company, folder),
                    Trial("model", 100, lambda seed, n: search(ModelServer, both_kinds, n, seed)),
                    Trial("sqlite", 20, lambda seed, n: search(on_sqlite, both_kinds, n, seed)),
                    Trial("postgresql", 10, lambda seed, n: search(on_postgresql, both_kinds, n, seed)),
                ]
        finally:
            server.remove()
