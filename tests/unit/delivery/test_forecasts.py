"""The ERP's forecast line is the sum of the latest revisions, in the product's base unit."""

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.delivery.inbox_fixture import InboxFixture

PLACE = ("W1", "2026-12")


def product(id: str, base: str = "pc", **factors: str) -> dict[str, Any]:
    units = [{"unit": base, "factor": "1"}, *({"unit": u, "factor": f} for u, f in factors.items())]
    return {
        "id": id, "sku": None, "name": id, "kind": "product", "group": None, "base_unit": base, "units": units,
        "barcodes": [], "active": True, "sellable": True, "fits": [], "replaced_by": None,
    }  # fmt: skip


@pytest.fixture(autouse=True)
def products(inbox: InboxFixture) -> None:
    inbox.publish("products", product("A", box="12"), product("B"), product("C", "kg", g="0.001"))


def forecast(
    inbox: InboxFixture,
    revision: int,
    rep: str = "R1",
    customer: str | None = None,
    unit: str = "pc",
    **lines: str,
) -> str:
    body = {
        "warehouse_id": PLACE[0],
        "period": PLACE[1],
        "customer_id": customer,
        "revision": revision,
        "lines": [
            {"line_no": n, "product_id": product, "quantity": quantity, "unit": unit}
            for n, (product, quantity) in enumerate(lines.items(), 1)
        ],
    }
    return inbox.capture(body, kind="forecast", rep=rep)


def forecast_in_erp(inbox: InboxFixture) -> dict[str, Decimal]:
    return {product: Decimal(quantity) for (*_, product), (quantity, _) in inbox.erp.forecast().items()}


def test_a_forecast_line_is_the_sum_over_reps_and_customers(inbox: InboxFixture) -> None:
    ids = [
        forecast(inbox, 1, "R1", A="10"),
        forecast(inbox, 1, "R1", "C1", A="5"),
        forecast(inbox, 1, "R2", A="7", B="1"),
    ]
    inbox.forwarder().drain()
    assert inbox.states(*ids) == ["accepted"] * 3
    assert forecast_in_erp(inbox) == {"A": 22, "B": 1}


def test_a_newer_revision_replaces_the_older_and_drops_what_it_leaves_out(inbox: InboxFixture) -> None:
    forecast(inbox, 1, A="10", B="4")
    forecast(inbox, 1, "R2", A="1", B="1")
    inbox.forwarder().drain()
    forecast(inbox, 2, A="3")
    inbox.forwarder().drain()
    assert forecast_in_erp(inbox) == {"A": 4, "B": 1}


def test_a_late_older_revision_is_accepted_and_does_not_count(inbox: InboxFixture) -> None:
    forecast(inbox, 2, A="3")
    inbox.forwarder().drain()
    late = forecast(inbox, 1, A="10", B="9")
    inbox.forwarder().drain()
    assert inbox.row(late).state == "accepted"
    assert forecast_in_erp(inbox) == {"A": 3, "B": 0}


def test_the_later_of_two_equal_revisions_counts(inbox: InboxFixture) -> None:
    forecast(inbox, 1, A="3")
    forecast(inbox, 1, A="4")
    inbox.forwarder().drain()
    assert forecast_in_erp(inbox) == {"A": 4}


def test_quantities_are_added_exactly_in_the_base_unit(inbox: InboxFixture) -> None:
    forecast(inbox, 1, unit="box", A="2.5")
    forecast(inbox, 1, "R2", A="0.000001")
    forecast(inbox, 1, "R3", unit="g", C="9999999.123")
    inbox.forwarder().drain()
    assert forecast_in_erp(inbox) == {"A": Decimal("30.000001"), "C": Decimal("9999.999123")}
    assert {unit for _, unit in inbox.erp.forecast().values()} == {"pc", "kg"}


@pytest.mark.parametrize("sent", [False, True], ids=["never sent", "sent before"])
@pytest.mark.parametrize("state", ["cancelled", "superseded", "withdrawn", "rejected"])
def test_a_withdrawn_forecast_does_not_count(inbox: InboxFixture, state: str, sent: bool) -> None:
    gone = forecast(inbox, 5, A="100")
    inbox.change(gone, state=state, last_sent_at=inbox.clock.now() if sent else None)
    forecast(inbox, 1, A="3")
    inbox.forwarder().drain()
    assert forecast_in_erp(inbox) == {"A": 3}


def test_many_submissions_bind_to_one_line(inbox: InboxFixture) -> None:
    ids = [forecast(inbox, 1, "R1", A="1"), forecast(inbox, 1, "R2", A="1")]
    inbox.forwarder().drain()
    assert [inbox.bindings(id) for id in ids] == [[("forecast:A", "W1/2026-12/A")]] * 2


def test_repeating_an_upsert_whose_answer_was_lost_is_harmless(inbox: InboxFixture) -> None:
    id = forecast(inbox, 1, A="3")
    inbox.erp.script("upsert", "commit_then_timeout", "ok")
    inbox.forwarder().drain()
    assert inbox.row(id).state == "unknown"
    inbox.later(seconds=30)
    inbox.forwarder().drain()
    assert inbox.row(id).state == "accepted"
    assert forecast_in_erp(inbox) == {"A": 3}


def test_no_sum_is_written_while_an_older_one_may_be_executed(inbox: InboxFixture) -> None:
    first, second = forecast(inbox, 1, A="3"), forecast(inbox, 1, "R2", A="4")
    inbox.erp.script("upsert", "timeout", "ok")
    inbox.forwarder().drain()
    inbox.later(seconds=29)
    inbox.change(first, due_at=inbox.clock.now())
    inbox.forwarder().drain()
    assert inbox.states(first, second) == ["unknown", "queued"]
    assert inbox.erp.forecast() == {}
    inbox.later(seconds=1)
    inbox.forwarder().drain()
    assert forecast_in_erp(inbox) == {"A": 7}


def test_the_next_revision_corrects_the_sum_of_a_parked_one(
    inbox: InboxFixture,
) -> None:
    doubtful = forecast(inbox, 1, A="3", B="8")
    inbox.erp.script("upsert", "commit_then_timeout", "ok")
    inbox.forwarder().drain()
    inbox.change(doubtful, state="parked")
    forecast(inbox, 2, A="4")
    inbox.forwarder().drain()
    assert forecast_in_erp(inbox) == {"A": 4, "B": 0}


def test_a_unit_that_the_product_does_not_have_goes_to_the_office(inbox: InboxFixture) -> None:
    id = forecast(inbox, 1, unit="pallet", A="1")
    inbox.forwarder().drain()
    row = inbox.row(id)
    assert (row.state, row.owner) == ("parked", "office")
    assert row.reason and row.reason.startswith("Product A has no unit pallet any more")
    assert inbox.erp.forecast() == {}
