"""docs/mutants.md, written from the table."""

from tests.mutants.mutant import Mutant
from tests.mutants.table import MUTANTS

_HEAD = """\
# Mutants: known mistakes, and the test that finds each

Each line is a mistake in synchronisation, of another system or of an earlier design.
It is stored as edits to the product's source (`tests/mutants/`).
`make mutants` makes each mistake in a copy of the source tree and runs the test in the last column.
That test must fail with the mutant and pass without it.
The numbers are those of [histories](histories.md).

`python -m tests.mutants --page` writes this page.
`tests/mutants/__init__.py` says how to write a mutant.

| # | known mistake | what it does | test that fails |
|---|---|---|---|
"""

_FOOT = """
Not listed: history 13 (a customer with a provisional key gets another one).
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
