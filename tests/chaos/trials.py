"""What chaos plays: each trial takes a seed and plays some of its histories, on the servers that there are."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.machine.conditions import postgres_servers, small, sqlite_servers
from tests.machine.model_answers import ModelServer
from tests.machine.searching import both_kinds, search
from tests.services import PostgresServer


@dataclass(frozen=True)
class Trial:
    """Something that is played by seed; raises what it found. *histories* are played at a time."""

    name: str
    histories: int
    play: Callable[[int, int], None]
    """Takes the seed and the number of histories."""


@contextmanager
def trials() -> Iterator[list[Trial]]:
    """Yield the trials, with their databases running."""
    with TemporaryDirectory(prefix="satchel-chaos-") as name, small():
        folder = Path(name)
        server = PostgresServer(folder / "postgres").start()
        try:
            with sqlite_servers(folder) as on_sqlite, postgres_servers(server) as on_postgresql:
                yield [
                    Trial("model", 100, lambda seed, n: search(ModelServer, both_kinds, n, seed)),
                    Trial("sqlite", 20, lambda seed, n: search(on_sqlite, both_kinds, n, seed)),
                    Trial("postgresql", 10, lambda seed, n: search(on_postgresql, both_kinds, n, seed)),
                ]
        finally:
            server.remove()
