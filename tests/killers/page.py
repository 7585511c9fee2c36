"""docs/killers.md, written from the table."""

from tests.killers.killer import Killer
from tests.killers.table import KILLERS

_HEAD = """\
# Killers: known mistakes, and the test that finds each

Each line is a way to get synchronisation wrong: somebody's, or an earlier design's. It is kept as a patch to
the product's source (`tests/killers/`). `make killers` brings each back, in a copy of the tree, and runs the test
named, which must fail with the patch and pass without it. The numbers are those of [histories](histories.md).

This page is written by `python -m tests.killers --page`.

| # | known mistake | what it does | test that fails |
|---|---|---|---|
"""

_FOOT = """
Not here: history 13 (a customer who has a provisional key gets another one), for a rep cannot create a customer
yet; there is no such kind of document, hence nothing to patch.
"""


def page() -> str:
    """Return the page."""
    lines = [
        f"| {k.number} | {_cell(k.name)} | {_cell(k.wrong)} | {_test(k)} |"
        for k in sorted(KILLERS, key=lambda k: (k.number == "–", int(k.number) if k.number.isdigit() else 0))
    ]
    return _HEAD + "\n".join(lines) + "\n" + _FOOT


def _test(killer: Killer) -> str:
    narrowed = f" `-k '{killer.only}'`" if killer.only else ""
    return f"`{killer.test}`{narrowed}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
