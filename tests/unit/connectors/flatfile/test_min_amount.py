"""The lowest price that a rep may grant is an optional column of prices.csv.

Separate because the other tests have files with the required columns only.
"""

import pytest

from backend.connectors.flatfile.mapping import goods
from backend.connectors.flatfile.row import Row
from sync_protocol.catalogue.prices import PRICES

CELLS = {
    "price_list_id": "L1", "product_id": "P1", "unit": "piece", "min_quantity": "", "amount": "12.00",
    "currency": "EUR", "valid_from": "", "valid_to": "",
}  # fmt: skip


@pytest.mark.parametrize(
    ("column", "amount"), [({}, None), ({"min_amount": ""}, None), ({"min_amount": "9.50"}, "9.50")]
)
def test_a_price_has_the_minimum_that_the_export_names(column: dict[str, str], amount: str | None) -> None:
    row = Row("prices.csv", 2, CELLS | column, "", ".")
    record = goods.price(row, None)
    assert PRICES.faults(record) == []
    assert record.get("min_amount") == amount
