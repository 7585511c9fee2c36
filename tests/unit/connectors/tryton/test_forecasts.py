"""Tryton's forecast holds the sums that it was given, and supply can read it."""

import datetime as dt
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal

import pytest

from backend.connectors.tryton.adapter import TrytonConnector
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import ForecastLine
from sync_protocol.catalogue.forecast import first_and_last_day
from tests.services import TrytonServer
from tests.services.proxy import Proxy
from tests.unit.connectors.tryton.tryton_fixture import TrytonFixture


@pytest.fixture(scope="module")
def tryton(tryton_server: TrytonServer) -> Iterator[TrytonFixture]:
    with tryton_server.fresh("forecasts") as server, closing(TrytonFixture(server)) as fixture:
        yield fixture


@pytest.fixture
def connector(tryton: TrytonFixture) -> Iterator[TrytonConnector]:
    with closing(tryton.connect()) as connector:
        yield connector


def line(
    tryton: TrytonFixture, period: str, quantity: str, place: int = 0, warehouse: str = "W1"
) -> ForecastLine:
    product = list(tryton.products())[place]
    own = str(tryton.summary["warehouses"][warehouse]["id"])
    return ForecastLine(own, period, str(product["id"]), str(product["unit"]), Decimal(quantity))


def read(tryton: TrytonFixture, line: ForecastLine) -> dict[int, Decimal]:
    return tryton.reader.forecast(int(line.warehouse_id), line.period)


def test_the_sum_of_two_reps_is_one_forecast_line(tryton: TrytonFixture, connector: TrytonConnector) -> None:
    period = tryton.month(3)
    first = connector.upsert_forecast([line(tryton, period, "40"), line(tryton, period, "5", 1)])
    summed = line(tryton, period, "65")
    second = connector.upsert_forecast([summed])
    assert second[summed.product_id].external_id == first[summed.product_id].external_id
    assert second[summed.product_id].state == "done"
    assert read(tryton, summed) == {
        int(summed.product_id): Decimal("65.0"),
        int(line(tryton, period, "5", 1).product_id): Decimal("5.0"),
    }


def test_a_sum_of_zero_is_a_line_of_zero(tryton: TrytonFixture, connector: TrytonConnector) -> None:
    period = tryton.month(4)
    full, empty = line(tryton, period, "12"), line(tryton, period, "0")
    before = connector.upsert_forecast([full])
    after = connector.upsert_forecast([empty])
    assert {key: document.external_id for key, document in before.items()} == {
        key: document.external_id for key, document in after.items()
    }
    assert after[empty.product_id].total == 0
    assert read(tryton, full) == {int(full.product_id): Decimal("0.0")}
    assert connector.upsert_forecast([full]) == before


def test_months_and_warehouses_are_kept_apart(tryton: TrytonFixture, connector: TrytonConnector) -> None:
    lines = [
        line(tryton, tryton.month(5), "1"),
        line(tryton, tryton.month(6), "2", 1),
        line(tryton, tryton.month(5), "3", 2, "W2"),
    ]
    connector.upsert_forecast(lines)
    for forecast_line in lines:
        assert read(tryton, forecast_line) == {int(forecast_line.product_id): forecast_line.quantity}


def test_a_forecast_over_other_days_goes_to_the_office(
    tryton: TrytonFixture, connector: TrytonConnector
) -> None:
    valid_line = line(tryton, tryton.month(7), "9")
    first, _ = first_and_last_day(valid_line.period)
    week = {
        "warehouse": int(valid_line.warehouse_id),
        "destination": tryton.summary["customer_location"],
        "from_date": first,
        "to_date": first + dt.timedelta(days=6),
    }
    ids = tryton.office("stock.forecast", "create", [week])
    tryton.office("stock.forecast", "confirm", ids)
    with pytest.raises(ErpError, match="another forecast for days of") as refused:
        connector.upsert_forecast([valid_line])
    assert refused.value.error_class is ErrorClass.REJECT_OFFICE
    tryton.office("stock.forecast", "draft", ids)
    tryton.office("stock.forecast", "cancel", ids)
    connector.upsert_forecast([valid_line])
    assert read(tryton, valid_line) == {int(valid_line.product_id): Decimal("9.0")}


@pytest.mark.parametrize(
    "step", ["forecast.create", "forecast.draft", "forecast.write", "forecast.confirm"], ids=str
)
def test_the_next_attempt_completes_a_forecast_after_a_lost_answer(tryton: TrytonFixture, step: str) -> None:
    place = ["forecast.create", "forecast.draft", "forecast.write", "forecast.confirm"].index(step)
    valid_line = line(tryton, tryton.month(8 + place), "11")
    with (
        Proxy(tryton.server.port) as proxy,
        closing(tryton.connect(url=f"http://127.0.0.1:{proxy.port}")) as connector,
    ):
        if step == "forecast.draft":
            connector.upsert_forecast([line(tryton, valid_line.period, "1")])
        proxy.lose(f"model.stock.{step}".encode())
        with pytest.raises(ErpError) as lost:
            connector.upsert_forecast([valid_line])
        assert lost.value.error_class is ErrorClass.UNKNOWN
        assert proxy.lost == 1
        connector.upsert_forecast([valid_line])
    assert read(tryton, valid_line) == {int(valid_line.product_id): Decimal("11.0")}
    days = ["from_date", "=", first_and_last_day(valid_line.period)[0]]
    assert tryton.office("stock.forecast", "search_count", [days]) == 1


def test_a_product_that_is_not_kept_in_stock_is_refused_by_name(
    tryton: TrytonFixture, connector: TrytonConnector
) -> None:
    unit = tryton.summary["units"]["u"]
    category = next(iter(tryton.summary["account_categories"].values()))
    values = {
        "name": "Assembly", "type": "service", "default_uom": unit, "sale_uom": unit, "salable": True,
        "list_price": Decimal("80"), "account_category": category,
        "products": [["create", [{}]]],
    }  # fmt: skip
    [template] = tryton.office("product.template", "create", [values])
    [service] = tryton.office("product.product", "search", [["template", "=", template]], 0, None, None)
    valid_line = line(tryton, tryton.month(12), "1")
    refused_line = ForecastLine(
        valid_line.warehouse_id, valid_line.period, str(service), valid_line.unit, Decimal(1)
    )
    with pytest.raises(ErpError, match="Assembly is not kept in stock"):
        connector.upsert_forecast([valid_line, refused_line])
    assert read(tryton, valid_line) == {}
