"""Each edit, on a small source of its own."""

from collections.abc import Sequence
from functools import cache, wraps
from pathlib import Path

import pytest

from tests.mutants import edits, patching, symbol, test_edits
from tests.mutants.edits import Edit, after, always, before, body, change_text, drop, move, never, replace
from tests.mutants.patching import StaleMutant, mutated
from tests.mutants.symbol import Symbol, SymbolMissing, constant, symbol_of
from tests.mutants.tree import calls, holding, normal

SOURCE = '''\
LIMIT = (1, 2)
FIRST, LAST = "→ é", 2


class Shop:
    @property
    def total(self):
        """The total."""
        return sum(self.prices)

    def sell(self, order):
        if (
            len(order) > 1
            and order.paid
        ):
            self.send(order, at="→")
        while order.open:
            log(order)
        [line for line in order if line.free]
        self.close(
            order,
            by="clerk",  # a comment
        )
        return True
'''
FILE = "shop.py"
SELL, TOTAL, LIMIT = Symbol(FILE, ("Shop", "sell")), Symbol(FILE, ("Shop", "total")), Symbol(FILE, ("LIMIT",))
LAST = Symbol(FILE, ("LAST",))
PAID, SENT = "if len(order) > 1 and order.paid:", "self.send(order, at='→')"
EVERY_LINE = "[line for line in order if True]"


@pytest.fixture(autouse=True)
def _shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / FILE).write_text(SOURCE)
    monkeypatch.setattr(patching, "ROOT", tmp_path)


def lines_changed(*made: Edit) -> tuple[list[str], list[str]]:
    """Return the lines that are gone and those that are new, without their indentation."""
    old, new = normal(SOURCE).splitlines(), mutated("a mistake", made)[FILE].splitlines()
    return [line.strip() for line in old if line not in new], [line.strip() for line in new if line not in old]


def send(order: Sequence[str]) -> None:
    """Stand for the function of that name."""


@pytest.mark.parametrize(
    ("edit", "gone", "new"),
    [
        (never(SELL, "$ORDER.open"), ["while order.open:"], ["while False:"]),
        (always(SELL, "$X.free"), ["[line for line in order if line.free]"], [EVERY_LINE]),
        (never(SELL, "len($A) > 1 and $A.paid"), ["if len(order) > 1 and order.paid:"], ["if False:"]),
        (never(SELL, holding("len($A)")), ["if len(order) > 1 and order.paid:"], ["if False:"]),
        (replace(SELL, "len($A) > 1", "$MATCH == $A"), [PAID], ["if len(order) > 1 == order and order.paid:"]),
        (drop(SELL, calls(send)), [SENT], ["pass"]),
        (before(SELL, "log($A)", "first($A)\nsecond($A)"), [], ["first(order)", "second(order)"]),
        (after(SELL, "log($A)", "if $A:\n    last()"), [], ["if order:", "last()"]),
        (body(TOTAL, "return 0"), ['"""The total."""', "return sum(self.prices)"], ["return 0"]),
        (change_text(SELL, "→", "←"), [SENT], [SENT.replace("→", "←")]),
        (replace(LIMIT, "($A, $B)", "$B"), ["LIMIT = (1, 2)"], ["LIMIT = 2"]),
        (replace(LAST, "2", "3"), ["FIRST, LAST = ('→ é', 2)"], ["FIRST, LAST = ('→ é', 3)"]),
    ],
)  # fmt: skip
def test_an_edit_changes_only_its_match(edit: Edit, gone: list[str], new: list[str]) -> None:
    assert lines_changed(edit) == (gone, new)


def test_layout_quotes_parentheses_and_comments_do_not_matter() -> None:
    _, new = lines_changed(replace(SELL, """($S.close)(  $ORDER, by='clerk')""", "shut($ORDER)"))
    assert new == ["shut(order)"]


def test_a_pattern_keeps_many_arguments() -> None:
    _, new = lines_changed(replace(SELL, "self.close($$$ALL)", "shut(now, $$$ALL)"))
    assert new == ["shut(now, order, by='clerk')"]


def test_edits_to_one_file_are_applied_in_turn() -> None:
    _, new = lines_changed(replace(SELL, "log($A)", "note($A)"), after(SELL, "note($A)", "more()"))
    assert new == ["note(order)", "more()"]


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (drop(SELL, "$A.opened"), "0 matches, not 1, of $A.opened"),
        (never(SELL, "$ANY"), "3 matches, not 1, of $ANY"),
        (drop(Symbol(FILE, ("Shop", "buy")), "log($A)"), "is defined 0 times"),
        (replace(SELL, "log($A)", "log($A)"), "changes nothing"),
        (replace(SELL, "log($A)", "log("), "was never closed"),
    ],
)
def test_a_stale_mutant_is_named_with_its_symbol_and_the_number_of_matches(edit: Edit, why: str) -> None:
    with pytest.raises(StaleMutant) as stale:
        mutated("a mistake", [edit])
    assert str(stale.value).startswith(f"mutant 'a mistake', {edit.symbol}: ")
    assert why in str(stale.value)


def test_a_symbol_is_found_by_a_reference_whatever_wraps_it() -> None:
    @cache
    @wraps(edits.drop)
    def wrapped() -> None:
        """Stand for a decorated function."""

    drop_itself = Symbol("tests/mutants/edits.py", ("drop",))
    assert symbol_of(edits.drop) == symbol_of(wrapped) == symbol_of(drop_itself) == drop_itself
    assert symbol_of(Symbol.within) == Symbol("tests/mutants/symbol.py", ("Symbol", "within"))


def test_a_constant_is_found_by_its_value() -> None:
    assert constant(symbol, symbol.ROOT).names == ("ROOT",)
    with pytest.raises(SymbolMissing):
        constant(test_edits, object())


def test_a_statement_that_is_moved_takes_the_indentation_of_its_new_place() -> None:
    new = mutated("a mistake", [move(SELL, "log($A)", after="len($A) > 1")])[FILE].splitlines()
    place = new.index("        log(order)")
    assert new[place - 1 : place + 3] == [
        f"            {SENT}",
        "        log(order)",
        "        while order.open:",
        "            pass",
    ]
