"""The trials of `make chaos`: each plays histories of a seed."""

import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

from tests.browser.chaos.installation import Installation, build_app
from tests.browser.chaos.run import run as run_phone
from tests.browser.device.histories import play_many
from tests.security.fuzz.searching import search as search_inputs
from tests.security.fuzz.targets import TARGETS
from tests.security.rounds import hostile_round, schema_round
from tests.services import PostgresServer, TrytonServer
from tests.stateful.search.conditions import postgres_servers, small, sqlite_servers
from tests.stateful.search.model import ModelServer
from tests.stateful.search.searching import both_kinds, search
from tests.system.chaos.rig.broken import Broken
from tests.system.chaos.rig.broken import play as play_broken
from tests.system.chaos.rig.run import run
from tests.system.chaos.rig.run_result import RunResult
from tests.system.chaos.rig.site import Company

SCHEMA_SECONDS = 60
"""How long Schemathesis searches at a time."""
REQUESTS = 2_000
"""How many hostile requests are sent to one installation."""
INPUTS = 2_000
"""How many inputs are drawn at a time for a target whose share is one."""


@dataclass(frozen=True)
class Trial:
    """A test that is played by seed and raises an exception if it fails.

    *histories* are played at a time; of the trials `hostile…`, `schema` and `fuzz-…` they
    are requests and inputs.
    """

    name: str
    histories: int
    play: Callable[[int, int], RunResult | int | None]
    """Takes the seed and the number of histories.

    Returns the result of a run of the rig, or how many it played if that is another number.
    """
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


def _phone(installation: Installation, root: Path) -> Trial:
    """The phone app under faults, in a browser of its own."""

    def play(seed: int, histories: int) -> None:
        folder = root / f"phone{seed}"
        try:
            with sync_playwright() as playwright:
                run_phone(playwright, installation, folder, seed)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    return Trial("phone", 1, play, in_turn=True)


def _hostile(server: PostgresServer) -> Trial:
    """Hostile requests to installations whose databases are on *server*."""

    def play(seed: int, requests: int) -> int:
        name = f"hostile_{seed}"
        try:
            return hostile_round(seed, requests, server.create_database(name)).requests
        finally:
            server.drop_database(name)

    return Trial("hostile-postgresql", REQUESTS, play)


FUZZ = "fuzz-"
NAMES = (
    "rig", "phone", "model", "sqlite", "postgresql", "browser", "hostile", "hostile-postgresql", "schema",
    *(f"{FUZZ}{name}" for name in TARGETS),
)  # fmt: skip
"""The names of all trials, in the order in which they are played."""


def _fuzz(name: str) -> Trial:
    target = TARGETS[name.removeprefix(FUZZ)]
    inputs = round(INPUTS * target.share)
    return Trial(name, inputs, lambda seed, n: search_inputs(target, n, seed).total())


@contextmanager
def trials(chosen: Collection[str] = NAMES) -> Iterator[list[Trial]]:
    """Yield the trials named in *chosen*, with the servers that they need running."""
    with TemporaryDirectory(prefix="satchel-chaos-") as name, small(), ExitStack() as running:
        folder = Path(name)
        server = PostgresServer(folder / "postgres")
        if not {"rig", "postgresql", "hostile-postgresql"}.isdisjoint(chosen):
            server.start()
            running.callback(server.remove)

        def make(trial: str) -> Trial:
            match trial:
                case "rig":
                    tryton = running.enter_context(TrytonServer(server, folder / "tryton", "chaos"))
                    return _rig(running.enter_context(Company(tryton, folder / "company")), folder)
                case "phone":
                    build_app()
                    return _phone(running.enter_context(Installation(folder / "phone")), folder)
                case "model":
                    return Trial(trial, 100, lambda seed, n: search(ModelServer, both_kinds, n, seed))
                case "sqlite":
                    on_sqlite = running.enter_context(sqlite_servers(folder))
                    return Trial(trial, 20, lambda seed, n: search(on_sqlite, both_kinds, n, seed))
                case "postgresql":
                    on_postgresql = running.enter_context(postgres_servers(server))
                    return Trial(trial, 10, lambda seed, n: search(on_postgresql, both_kinds, n, seed))
                case "browser":
                    return Trial(trial, 3, play_many)
                case "hostile":
                    return Trial(trial, REQUESTS, lambda seed, n: hostile_round(seed, n).requests)
                case "hostile-postgresql":
                    return _hostile(server)
                case "schema":
                    return Trial(trial, 500, lambda seed, n: schema_round(seed, 20, SCHEMA_SECONDS).requests)
            return _fuzz(trial)

        yield [make(trial) for trial in NAMES if trial in chosen]
