"""A mutant: a known mistake, as edits to the product, and the test that fails under it."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.mutants.edits import Edit


@dataclass(frozen=True)
class Mutant:
    """*number* is the number or name of the history in docs/histories.md (`–`: none).
    *test* is a node of pytest; *only* narrows its parameters."""

    name: str
    number: str
    wrong: str
    test: str
    edits: Sequence[Edit]
    only: str = ""
