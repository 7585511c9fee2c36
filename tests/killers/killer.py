"""A killer: a known way to get it wrong, as a patch to the product, and the test that fails under it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.killers.patching import Patch

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Killer:
    """*number* is that of the history in docs/histories.md (`–`: none). *test* is a node of pytest;
    *only* narrows its parameters."""

    name: str
    number: str
    wrong: str
    test: str
    patches: Sequence[Patch]
    only: str = ""
