"""Rows that cannot be served or translated are set aside; options narrow what is read."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from psycopg import sql

from backend.connectors.tryton.adapter import TrytonConnector
from backend.erp.testing import read_all
from tests.services import TrytonServer
from tests.unit.connectors.tryton.tryton_fixture import TrytonFixture


@pytest.fixture(scope="module")
def tryton(tryton_server: TrytonServer) -> Iterator[TrytonFixture]:
    with tryton_server.fresh("set_aside") as server, closing(TrytonFixture(server)) as fixture:
        yield fixture


@pytest.fixture
def connector(tryton: TrytonFixture) -> Iterator[TrytonConnector]:
    # no overlap: what is read again is what was found, not what happened a moment ago
    with closing(tryton.connect(overlap_seconds="0")) as connector:
        yield connector


def test_a_row_that_tryton_cannot_read_is_isolated_from_its_neighbours(
    tryton: TrytonFixture, connector: TrytonConnector
) -> None:
    """A formula that fails for one product makes Tryton refuse the whole page."""
    product, standard = tryton.summary["products"][10], tryton.summary["price_lists"]["Standard"]
    line = {"price_list": standard, "product": product["id"], "formula": "unit_price", "sequence": -1}
    [broken] = tryton.office("product.price_list.line", "create", [line])
    formula = sql.SQL("UPDATE product_price_list_line SET formula = 'unit_price / 0' WHERE id = {}")
    tryton.server.postgres.execute(formula.format(sql.Literal(broken)), tryton.server.database)
    watermark, bad_rows, read = None, [], set()
    while True:
        page = connector.read("prices", watermark, 1000)
        bad_rows += page.bad
        read |= {record["product_id"] for record in page.records}
        watermark = page.watermark
        if not page.more:
            break
    assert [row.external_id for row in bad_rows] == [str(product["id"])]
    assert "formula" in bad_rows[0].raw
    others = {str(p["id"]) for p in tryton.summary["products"]} - {str(product["id"])}
    assert others <= read
    tryton.office("product.price_list.line", "delete", [broken])


def test_a_row_that_cannot_be_translated_does_not_affect_its_neighbours(
    tryton: TrytonFixture, connector: TrytonConnector
) -> None:
    customer = tryton.summary["customers"][33]
    both = [["add", list(tryton.summary["territories"].values())[:2]]]
    tryton.office("party.party", "write", [customer["id"]], {"categories": both})
    page = connector.read("customers", None, 1000)
    [bad_row] = page.bad
    assert bad_row.external_id == str(customer["id"])
    assert "several territories" in bad_row.error
    assert len(page.records) > 40


def test_policy_limits_come_from_an_option(tryton: TrytonFixture) -> None:
    policy = '{"5.3.3": {"limit_per_line": "60"}, "*": {"receipt_above": "25.5"}}'
    with closing(tryton.connect(expense_policy=policy, expense_accounts="5.3")) as connector:
        records, _ = read_all(connector, "expense_categories")
    assert sorted(records) == sorted(tryton.summary["expense_accounts"])
    assert (records["5.3.3"]["limit_per_line"], records["5.3.3"]["receipt_above"]) == ("60.00", None)
    assert (records["5.3.1"]["limit_per_line"], records["5.3.1"]["receipt_above"]) == (None, "25.50")


@pytest.mark.parametrize("collection", ["units", "price_lists", "stock_levels", "orders", "receivables"])
def test_the_first_page_gives_the_number_of_records(connector: TrytonConnector, collection: str) -> None:
    page = connector.read(collection, None, 20)
    total, count, watermark = page.total, len(page.records), page.watermark
    while page.more:
        page = connector.read(collection, watermark, 1000)
        count, watermark = count + len(page.records), page.watermark
        assert page.total == total
    assert total == count


def test_a_full_reading_is_repeated_after_its_interval(tryton: TrytonFixture) -> None:
    with closing(tryton.connect(overlap_seconds="0")) as connector:
        _, watermark = read_all(connector, "units")
        assert read_all(connector, "units", read_all(connector, "units", watermark)[1])[0] == {}
        connector._reader._now = lambda clock=connector._reader._now: clock() + 25 * 3600
        page = connector.read("units", watermark, 1000)
    assert len(page.records) > 10
    assert page.complete_listing
