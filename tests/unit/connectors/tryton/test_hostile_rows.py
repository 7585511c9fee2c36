"""One row of Tryton with a strange value costs its own record."""

import copy
import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from backend.connectors.tryton.mapper import READS
from backend.connectors.tryton.rows import Item, translate
from backend.erp.records import ReadPage
from backend.ingest.validation import Partitioned, partition
from sync_protocol.catalogue import COLLECTIONS
from tests.unit.connectors.tryton.mapping.test_mapping import PARTY

HOSTILE: dict[str, Any] = {
    "20 decimals": Decimal("5000000000000000000000000." + "1" * 20),
    "text": "abc",
    "a list": [1],
    "an object": {"a": 1},
    "true": True,
    "a large integer": 10**5000,
    "half of a surrogate pair": "\ud83d",
    "NUL": "a\0b",
    "long": "x" * 1_000_000,
    "negative": -5,
}

DAY = dt.date(2026, 11, 23)
PARTY_RAW = {
    "party": PARTY,
    "addresses": [],
    "territories": ["NW"],
    "blocked": [],
    "others": [],
    "currency": "EUR",
}
CREDIT_RAW = {
    "party": {
        "id": 1, "credit_amount": Decimal(5), "credit_limit_amount": Decimal(9),
        "currency.": {"id": 1, "code": "EUR"},
    },
    "lines": [{"maturity_date": None, "date": DAY, "debit": Decimal(1), "credit": Decimal(0)}],
    "today": DAY,
    "as_of": "2026-11-23T09:00:00Z",
}  # fmt: skip
UNIT_RAW = {
    "id": 1, "name": "Piece", "symbol": "u", "category.": {"id": 1, "name": "Unit"},
    "factor": Decimal(1), "digits": 0,
}  # fmt: skip
STOCK_RAW = {
    "product": 1, "warehouse": 2, "unit": 3, "on_hand": Decimal(5), "free": Decimal(4), "incoming": [],
    "as_of": "2026-11-23T09:00:00Z",
}  # fmt: skip
PRICE_RAW = {
    "list": 1, "product": 1, "unit": 1, "least": Decimal(0), "amount": Decimal(5), "currency": "EUR",
}  # fmt: skip

RAWS: dict[str, dict[str, Any]] = {
    "customers": PARTY_RAW, "credit": CREDIT_RAW, "units": UNIT_RAW, "stock_levels": STOCK_RAW,
    "prices": PRICE_RAW,
}  # fmt: skip


def places(raw: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value in *raw* that is not a container."""
    items = raw.items() if isinstance(raw, dict) else enumerate(raw) if isinstance(raw, list) else ()
    for name, value in items:
        if isinstance(value, dict | list):
            yield from places(value, (*path, name))
        else:
            yield (*path, name)


def changed(raw: Any, path: tuple[Any, ...], value: Any) -> Any:
    raw = copy.deepcopy(raw)
    inner = raw
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    return raw


def read(collection: str, raws: list[Any]) -> Partitioned:
    items = [Item(str(n), raw) for n, raw in enumerate(raws)]

    def fetch(ids: list[int]) -> Iterator[Item]:
        return (items[n] for n in ids)

    page = translate(collection, READS[collection].record, fetch, list(range(len(raws))), list)
    return partition(
        COLLECTIONS[collection],
        ReadPage(tuple(page.records), "", more=False, bad=tuple(page.bad), sources=tuple(page.sources)),
    )


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("collection", RAWS)
def test_a_strange_value_costs_its_own_record(collection: str, name: str) -> None:
    good = RAWS[collection]
    assert len(read(collection, [good]).good) == 1, "the row itself is good"
    for path in places(good):
        parts = read(collection, [good, changed(good, path, HOSTILE[name]), good])
        assert parts.good, path
        assert len(parts.bad) <= 1
        for bad in parts.bad:
            assert bad.external_id == "1"
            assert bad.error and bad.raw


def test_the_field_of_a_number_that_is_too_large_is_named() -> None:
    bad_row = changed(CREDIT_RAW, ("party", "credit_limit_amount"), HOSTILE["20 decimals"])
    [bad] = read("credit", [CREDIT_RAW, bad_row]).bad
    assert bad.error.startswith("limit must be an amount as text")
    assert "5000000000000000000000000.1" in bad.error


def test_a_value_that_stops_the_reading_of_a_page_costs_its_own_record() -> None:
    """Such as a stock level that is summed before it becomes a record."""

    def fetch(ids: list[int]) -> Iterator[Item]:
        for n in ids:
            Decimal("abc" if n == 133 else "1")
            yield Item(str(n), {**UNIT_RAW, "id": n})

    page = translate("units", READS["units"].record, fetch, list(range(200)), list)
    assert len(page.records) == 199
    [bad] = page.bad
    assert bad.external_id == "133"
    assert "contain a value that cannot be used: InvalidOperation" in bad.error
