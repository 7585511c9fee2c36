"""The rig's verdict notices whatever may go wrong, each by its name, and nothing where nothing is wrong."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.system.chaos.rig.judge import Entry, Ledgers, Noted, judge
from tests.system.chaos.rig.tally import FINDINGS, Tally

ORDER, CLAIM, LATE = "01JORDER", "01JCLAIM", "01JLATE"
SOUND = Ledgers(
    captured={
        ORDER: Noted("order", Decimal("12.50"), "CANARY-R1-a"),
        CLAIM: Noted("expense_claim", Decimal("18.40")),
    },
    acknowledged=frozenset({ORDER, CLAIM}),
    fates={ORDER: "accepted", CLAIM: "accepted", LATE: "accepted"},
    books=[
        Entry(ORDER, "order", "processing", Decimal("12.50"), "CANARY-R1-a"),
        Entry(CLAIM, "expense_claim", "posted", Decimal("18.40")),
        # Captured a moment before the phone died: it could not write it down, and has it all the same.
        Entry(LATE, "order", "confirmed", Decimal("3.00"), "CANARY-R1-b"),
    ],
)


def _books(change: Callable[[Entry], list[Entry]]) -> Ledgers:
    """Return sound ledgers whose books hold of the order what *change* makes of it."""
    order, *others = SOUND.books
    return replace(SOUND, books=[*change(order), *others])


def _found(ledgers: Ledgers) -> dict[str, int]:
    tally = judge(ledgers, Tally(["a fault"]))
    found = {finding: getattr(tally, finding) for finding in FINDINGS if getattr(tally, finding)}
    assert bool(found) == bool(tally.words), "what is counted is put into words too"
    return found


def test_a_run_in_which_all_went_well() -> None:
    assert _found(SOUND) == {}
    tally = judge(SOUND, Tally(["a fault"]))
    assert (tally.captured, tally.acknowledged) == (3, 2)


@pytest.mark.parametrize(
    ("ledgers", "found"),
    [
        pytest.param(_books(lambda order: []), {"lost": 1}, id="not in the ERP"),
        pytest.param(
            replace(SOUND, acknowledged=SOUND.acknowledged | {"01JGONE"}),
            {"lost": 1},
            id="acknowledged, and no phone and no book knows it any more",
        ),
        pytest.param(
            replace(SOUND, captured={**SOUND.captured, "01JGONE": Noted("order", Decimal(1), "CANARY-R1-c")}),
            {"lost": 1},
            id="captured, and gone from the phone before it was sent",
        ),
        pytest.param(_books(lambda order: [order, order]), {"doubled": 1}, id="twice"),
        pytest.param(
            _books(lambda order: [order, replace(order, key=None)]),
            {"doubled": 1},
            id="twice, and the second without our key",
        ),
        pytest.param(
            _books(lambda order: [order, replace(order, state="draft")]),
            {"doubled": 1},
            id="twice, and the second half done",
        ),
        pytest.param(
            _books(lambda order: [order, replace(order, key="01JOTHER", text="")]),
            {"doubled": 1},
            id="something that nobody captured",
        ),
        pytest.param(
            replace(SOUND, leaks=["CANARY-R2-x", "CANARY-R2-x", "CANARY-R2-y"]),
            {"leaked": 2},
            id="two documents of another rep, one of them in two answers",
        ),
        pytest.param(_books(lambda order: [replace(order, state="draft")]), {"differing": 1}, id="half done"),
        pytest.param(
            _books(lambda order: [replace(order, total=Decimal("12.49"))]),
            {"differing": 1},
            id="another amount",
        ),
        pytest.param(
            replace(SOUND, fates={**SOUND.fates, CLAIM: "rejected"}),
            {"differing": 1},
            id="refused, says the phone, and the ERP has it",
        ),
        pytest.param(
            replace(SOUND, fates={CLAIM: "accepted", LATE: "accepted"}),
            {"differing": 1},
            id="the phone knows nothing of it any more",
        ),
        pytest.param(replace(SOUND, waiting={2: "{}"}), {"waiting": 1}, id="a phone that did not converge"),
        pytest.param(
            replace(_books(lambda order: []), leaks=["CANARY-R2-x"], waiting={0: "{}"}),
            {"lost": 1, "leaked": 1, "waiting": 1},
            id="several at once",
        ),
    ],
)
def test_what_is_wrong_is_called_by_its_name(ledgers: Ledgers, found: dict[str, int]) -> None:
    assert _found(ledgers) == found
