"""Making mutants in a process of its own, which loads the product; plain data comes back.

Apart from `running`, which must have loaded nothing of the product when it starts a test.
"""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context


@dataclass(frozen=True)
class Made:
    """A mutant that is ready to run: *sources* are the files it changes, by their path below the root."""

    name: str
    test: str
    only: str
    sources: dict[str, str]


def made(parts: Sequence[str]) -> list[Made]:
    """Return the mutants with one of *parts* in their names (none: all). Raises `StaleMutant`."""
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as pool:
        return pool.submit(_made, parts).result()


def _made(parts: Sequence[str]) -> list[Made]:
    from tests.mutants.patching import mutated
    from tests.mutants.table import MUTANTS

    chosen = [m for m in MUTANTS if not parts or any(part in m.name for part in parts)]
    return [Made(m.name, m.test, m.only, mutated(m.name, m.edits)) for m in chosen]
