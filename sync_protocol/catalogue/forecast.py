"""The forecast: the quantities that a rep expects to sell, by product, warehouse and month.

A forecast is complete for its (rep, customer, warehouse, month): a newer revision replaces the older one, and a
product that it omits is no longer expected.
"""

import datetime as dt
from collections.abc import Iterator

from marshmallow import fields

from sync_protocol.catalogue.rules import (
    LINE_NUMBERS,
    SOLD_IN_UNIT,
    UNIT_DECIMALS,
    line_numbers_unique,
    name_of,
    quantity_in_unit,
)
from sync_protocol.check_rule import CheckRule
from sync_protocol.collection import BodySchema, CheckContext, Kind, Lookup
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.fields import Bounded, Count, Key, Period, Quantity, Text
from sync_protocol.json_types import Body
from sync_protocol.presentation import Form
from sync_protocol.rule import WARNING, Rule, Rules
from sync_protocol.sentence import sentence

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
    lines = Bounded(fields.Nested(ForecastLineSchema), least=1, most=500, required=True)


PERIOD = CheckRule(
    "period",
    ErrorCode.OUT_OF_RANGE,
    "period",
    f"The month is the current one or one of the next {HORIZON_MONTHS}.",
    ("months", 0, HORIZON_MONTHS),
    ("month_outside",),
)
ONE_LINE_PER_PRODUCT = CheckRule(
    "one_line_per_product",
    ErrorCode.OUT_OF_RANGE,
    "lines.product_id",
    "No two lines have the same product.",
    ("unique",),
    ("product_twice",),
)


def check(body: Body, context: CheckContext) -> Iterator[Fault]:
    """Yield faults: a month in the past or beyond the horizon, a wrong unit, too many decimals."""
    year, month = (int(part) for part in body["period"].split("-"))
    ahead = (year - context.today.year) * 12 + month - context.today.month
    if not 0 <= ahead <= HORIZON_MONTHS:
        yield PERIOD.fault(sentence("month_outside", months=HORIZON_MONTHS, value=body["period"]))
    yield from line_numbers_unique(LINE_NUMBERS, body)
    products: set[str] = set()
    for n, line in enumerate(body["lines"]):
        if line["product_id"] in products:
            yield ONE_LINE_PER_PRODUCT.fault(sentence("product_twice"), n)
        products.add(line["product_id"])
        product = context.lookup("products", line["product_id"]) or {}
        yield from quantity_in_unit(SOLD_IN_UNIT, UNIT_DECIMALS, line, product, context.lookup, n)


def title(body: Body, lookup: Lookup) -> str:
    """Return the title for people."""
    warehouse = name_of(lookup, "warehouses", body.get("warehouse_id"))
    key = body.get("customer_id")
    customer = name_of(lookup, "customers", key) if key else "the territory"
    return f"Forecast {body.get('period')}, {warehouse}, for {customer}, revision {body.get('revision')}"


def first_and_last_day(period: str) -> tuple[dt.date, dt.date]:
    """Return the first and last day of a month such as `2026-12`."""
    first = dt.date.fromisoformat(f"{period}-01")
    following = (first + dt.timedelta(days=32)).replace(day=1)
    return first, following - dt.timedelta(days=1)


FORECAST_RULES = Rules(
    records={"customer": ("customers", "customer_id"), "product": ("products", "line.product_id")},
    rules=(
        Rule(
            "customer_closed", WARNING, ErrorCode.CUSTOMER_CLOSED, "customer_id",
            ("all", ("equals", "customer.status", "closed"), ("equals", "customer.replaced_by", None)),
            "forecast_customer_closed",
        ),
        Rule(
            "product_inactive", WARNING, ErrorCode.NOT_FOR_SALE, "lines.product_id",
            ("equals", "product.active", False),
            "product_inactive",
        ),
    ),
)  # fmt: skip

FORECAST = Kind(
    name="forecast",
    summary="A sales forecast for one warehouse and month, by product.",
    schema=ForecastBodySchema,
    # Only one writer at a time per line of the ERP, because the whole sum is read and written.
    order_key=lambda body, rep: f"forecast:{body['warehouse_id']}:{body['period']}",
    aggregated=True,
    check=check,
    check_rules=(PERIOD, LINE_NUMBERS, ONE_LINE_PER_PRODUCT, SOLD_IN_UNIT, UNIT_DECIMALS),
    rules=FORECAST_RULES,
    title=title,
    form=Form(
        title="period",
        prefill={
            "warehouse_id": ("only",),
            "period": ("month",),
            "revision": ("revision", ("warehouse_id", "period", "customer_id")),
            "lines.line_no": ("line_number",),
            "lines.unit": ("first", "lines.product_id", "units.unit"),
        },
        options={"lines.unit": ("lines.product_id", "units.unit")},
    ),
)
