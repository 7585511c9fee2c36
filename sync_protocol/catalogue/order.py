"""The order: captured in the field; the field owns it until the ERP accepts it."""

import datetime as dt
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

from marshmallow import fields

from sync_protocol import currency
from sync_protocol.catalogue import orders
from sync_protocol.catalogue.order_prices import PRICE_RULES, price_faults
from sync_protocol.catalogue.order_rules import ORDER_RULES
from sync_protocol.catalogue.rules import (
    LINE_NUMBERS,
    SOLD_IN_UNIT,
    UNIT_DECIMALS,
    date_within,
    line_numbers_unique,
    name_of,
    quantity_in_unit,
)
from sync_protocol.check_rule import CheckRule
from sync_protocol.collection import BodySchema, CheckContext, ErpRecord, Kind, Lookup, Total
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.fields import Bounded, Count, Currency, Date, Key, Percent, Price, Quantity, Text
from sync_protocol.json_types import Body, BodyLine
from sync_protocol.presentation import Form
from sync_protocol.pricing import EXACT, PRICE_STEP, discounted_price
from sync_protocol.sentence import sentence

MAX_QUANTITY = "1000000"
BY_CUSTOMER = "customer:"
"""Prefix of an order's order key; the customer's key follows."""


class OrderLineBodySchema(BodySchema):
    line_no = Count(required=True, least=1, most=100_000)
    product_id = Key(required=True, references="products")
    quantity = Quantity(required=True, above="0", most=MAX_QUANTITY)
    unit = Key(required=True, references="units")
    unit_price = Price(required=True, least="0")
    """The price that the rep saw, before the discount."""
    discount_percent = Percent(load_default="0")
    notes = Text(400, load_default=None, allow_none=True)


class OrderBodySchema(BodySchema):
    customer_id = Key(required=True, references="customers")
    ship_to_id = Key(load_default=None, allow_none=True)
    """An address of the customer; null: the ERP chooses."""
    customer_reference = Text(35, load_default=None, allow_none=True)
    """The customer's own purchase order number."""
    order_date = Date(required=True)
    requested_date = Date(load_default=None, allow_none=True)
    currency = Currency(required=True)
    price_list_id = Key(load_default=None, allow_none=True, references="price_lists")
    warehouse_id = Key(load_default=None, allow_none=True, references="warehouses")
    notes = Text(2000, load_default=None, allow_none=True)
    lines = Bounded(fields.Nested(OrderLineBodySchema), least=1, most=500, required=True)


PAST, FUTURE = dt.timedelta(days=366), dt.timedelta(days=2)
"""How far an order's date may lie from today; an order of tomorrow comes from another time zone."""
LATEST_REQUEST = dt.timedelta(days=3 * 366)
ORDER_DATE = CheckRule(
    "order_date",
    ErrorCode.OUT_OF_RANGE,
    "order_date",
    f"The date is at most {PAST.days} days in the past and {FUTURE.days} in the future.",
    ("days", PAST.days, FUTURE.days),
    ("date_outside",),
)
REQUESTED_DATE = CheckRule(
    "requested_date",
    ErrorCode.OUT_OF_RANGE,
    "requested_date",
    f"The date is at most {PAST.days} days in the past and {LATEST_REQUEST.days} in the future.",
    ("days", PAST.days, LATEST_REQUEST.days),
    ("date_outside",),
)
SHIP_TO = CheckRule(
    "ship_to",
    ErrorCode.UNKNOWN_RECORD,
    "ship_to_id",
    "The address is one of the `addresses` of the customer.",
    ("option",),
    ("not_address_of_customer",),
)


def check(body: Body, context: CheckContext) -> Iterator[Fault]:
    """Yield faults that need the rep's records: dates, units, addresses."""
    yield from date_within(ORDER_DATE, body["order_date"], context.today)
    yield from date_within(REQUESTED_DATE, body.get("requested_date"), context.today)
    yield from line_numbers_unique(LINE_NUMBERS, body)
    customer = context.lookup("customers", body["customer_id"]) or {}
    addresses = {address["id"] for address in customer.get("addresses", [])}
    if body.get("ship_to_id") and customer and body["ship_to_id"] not in addresses:
        yield SHIP_TO.fault(sentence("not_address_of_customer", customer=body["customer_id"]))
    for n, line in enumerate(body["lines"]):
        product = context.lookup("products", line["product_id"]) or {}
        yield from quantity_in_unit(SOLD_IN_UNIT, UNIT_DECIMALS, line, product, context.lookup, n)


def title(body: Body, lookup: Lookup) -> str:
    """Return the title for people."""
    count = len(body.get("lines") or ())
    customer = name_of(lookup, "customers", body.get("customer_id"))
    return f"Order for {customer}, {count} line{'' if count == 1 else 's'}"


def total(body: Body) -> Decimal:
    """Return the order's total without tax, as the rep was shown it."""
    step = currency.smallest(body["currency"])
    return sum((line_total(line, step) for line in body["lines"]), Decimal(0))


def line_total(line: BodyLine, step: Decimal) -> Decimal:
    """Return the total of a line, rounded half up to *step*, the smallest amount of the currency."""
    exact = EXACT.multiply(Decimal(line["quantity"]), discounted_price(line))
    return exact.quantize(step, ROUND_HALF_UP, EXACT)


def price_lookups(body: Body) -> set[tuple[str, str]]:
    """Return the (price list, product) of each line: what the server reads the prices of."""
    price_list = body.get("price_list_id")
    return {(price_list, line["product_id"]) for line in body["lines"]} if price_list else set()


def tolerance(body: Body) -> Decimal:
    """Return how much the ERP's total may differ: it rounds each line's amount and each unit price."""
    prices = sum((PRICE_STEP * Decimal(line["quantity"]) for line in body["lines"]), Decimal(0))
    return currency.smallest(body["currency"]) * len(body["lines"]) + prices


FORM = Form(
    title="customer_id",
    prefill={
        "order_date": ("today",),
        "currency": ("copy", "customer_id", "currency"),
        "price_list_id": ("copy", "customer_id", "price_list_id"),
        "warehouse_id": ("only",),
        "lines.line_no": ("line_number",),
        "lines.unit": ("first", "lines.product_id", "units.unit"),
        "lines.unit_price": ("price",),
    },
    options={"ship_to_id": ("customer_id", "addresses.id"), "lines.unit": ("lines.product_id", "units.unit")},
)

ORDER = Kind(
    name="order",
    summary="A sales order.",
    schema=OrderBodySchema,
    order_key=lambda body, rep: f"{BY_CUSTOMER}{body['customer_id']}",
    check=check,
    check_rules=(ORDER_DATE, REQUESTED_DATE, LINE_NUMBERS, SHIP_TO, SOLD_IN_UNIT, UNIT_DECIMALS),
    rules=ORDER_RULES,
    approval_check=price_faults,
    approval_rules=PRICE_RULES,
    price_lookups=price_lookups,
    title=title,
    total=Total(total, tolerance),
    erp_record=ErpRecord(orders.ORDERS.name, orders.decision, orders.net_total),
    form=FORM,
)
