"""The forecast: the quantities that a rep expects to sell, by product, warehouse and month.

A forecast is complete for its (rep, customer, warehouse, month): a newer revision replaces the older one, and a
product that it omits is no longer expected.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import fields, validate

from sync_protocol.catalogue.rules import line_numbers_unique, quantity_in_unit
from sync_protocol.collection import BodySchema, CheckContext, Kind
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.fields import Count, Key, Period, Quantity, Text

HORIZON_MONTHS = 18


class ForecastLineSchema(BodySchema):
    line_no = Count(required=True, least=1, most=100_000)
    product_id = Key(required=True, references="products")
    quantity = Quantity(required=True, least="0", most="10000000")
    unit = Key(required=True, references="units")


class ForecastBodySchema(BodySchema):
    warehouse_id = Key(required=True, references="warehouses")
    period = Period(required=True)
    customer_id = Key(load_default=None, allow_none=True, references="customers")
    """The customer of the forecast; null: the rep's whole territory."""
    revision = Count(required=True, least=1, most=100_000)
    """Incremented by the device for the same rep, customer, warehouse and month; the highest is valid."""
    notes = Text(2000, load_default=None, allow_none=True)
    lines = fields.List(
        fields.Nested(ForecastLineSchema), required=True, validate=validate.Length(min=1, max=500)
    )


def check(body: Mapping[str, Any], context: CheckContext) -> Iterator[Fault]:
    """Yield faults: a month in the past or beyond the horizon, a wrong unit, too many decimals."""
    year, month = (int(part) for part in body["period"].split("-"))
    ahead = (year - context.today.year) * 12 + month - context.today.month
    if not 0 <= ahead <= HORIZON_MONTHS:
        yield Fault(
            ErrorCode.OUT_OF_RANGE,
            "period",
            f"must be this month or one of the next {HORIZON_MONTHS}, not {body['period']}",
        )
    yield from line_numbers_unique(body)
    products: set[str] = set()
    for n, line in enumerate(body["lines"]):
        if line["product_id"] in products:
            yield Fault(ErrorCode.OUT_OF_RANGE, f"lines[{n}].product_id", "is there twice; add the quantities")
        products.add(line["product_id"])
        product = context.lookup("products", line["product_id"]) or {}
        yield from quantity_in_unit(line, product, context.lookup, f"lines[{n}]")


def title(body: Mapping[str, Any]) -> str:
    """Return the title for people."""
    return f"Forecast {body.get('period')} for {body.get('customer_id') or 'the territory'}"


def first_and_last_day(period: str) -> tuple[dt.date, dt.date]:
    """Return the first and last day of a month such as `2026-12`."""
    first = dt.date.fromisoformat(f"{period}-01")
    following = (first + dt.timedelta(days=32)).replace(day=1)
    return first, following - dt.timedelta(days=1)


FORECAST = Kind(
    name="forecast",
    summary="A sales forecast for one warehouse and month, by product.",
    schema=ForecastBodySchema,
    # Only one writer at a time per line of the ERP, because the whole sum is read and written.
    order_key=lambda body, rep: f"forecast:{body['warehouse_id']}:{body['period']}",
    aggregated=True,
    check=check,
    title=title,
)
