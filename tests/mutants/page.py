"""docs/mutants.md, written from the table."""

from tests.mutants.mutant import Mutant
from tests.mutants.table import MUTANTS

_HEAD = """\
# Mutants: known mistakes, and the test that finds each

Each line is a mistake in synchronisation, of another system or of an earlier design.
It is stored as edits to the product's source (`tests/mutants/`).
`make mutants` makes each mistake in a copy of the source tree and runs the test in the last column.
That test must fail with the mutant and pass without it.
The numbers and names in the first column are those of [histories](histories.md).

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
        f"| {m.number} | {_cell(m.name)} | {_cell(m.wrong)} | {_test(m)} |" for m in sorted(MUTANTS, key=_order)
    ]
    return _HEAD + "\n".join(lines) + "\n" + _FOOT


def _order(mutant: Mutant) -> tuple[bool, bool, int, str]:
    """Order by number, then by name; those of no history come last."""
    number = mutant.number
    return number == "–", not number.isdigit(), int(number) if number.isdigit() else 0, number


def _test(mutant: Mutant) -> str:
    narrowed = f" `-k '{mutant.only}'`" if mutant.only else ""
    return f"`{mutant.test}`{narrowed}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
