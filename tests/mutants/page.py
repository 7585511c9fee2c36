"""docs/mutants.md, written from the table."""

from tests.mutants.mutant import Mutant
from tests.mutants.table import MUTANTS

_HEAD = """\
# Mutants: known mistakes, and the test that finds each

Each line is a way to get synchronisation wrong: somebody's, or an earlier design's.
It is kept as edits to the product's source (`tests/mutants/`).
`make mutants` makes each mistake again, in a copy of the tree, and runs the test that is named.
That test must fail with the mutant and pass without it.
The numbers are those of [histories](histories.md).

This page is written by `python -m tests.mutants --page`.
`tests/mutants/__init__.py` says how to write a mutant.

| # | known mistake | what it does | test that fails |
|---|---|---|---|
"""

_FOOT = """
Not here: history 13 (a customer who has a provisional key gets another one).
A rep cannot create a customer yet.
There is no such kind of document, so there is nothing to edit.
"""


def page() -> str:
    """Return the page."""
    lines = [
        f"| {m.number} | {_cell(m.name)} | {_cell(m.wrong)} | {_test(m)} |"
        for m in sorted(MUTANTS, key=lambda m: (m.number == "–", int(m.number) if m.number.isdigit() else 0))
    ]
    return _HEAD + "\n".join(lines) + "\n" + _FOOT


def _test(mutant: Mutant) -> str:
    narrowed = f" `-k '{mutant.only}'`" if mutant.only else ""
    return f"`{mutant.test}`{narrowed}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
