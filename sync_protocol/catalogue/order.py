"""The order: captured in the field; the field owns it until the ERP accepts it."""

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from marshmallow import fields, validate

from sync_protocol.catalogue import orders
from sync_protocol.catalogue.rules import date_within, line_numbers_unique, quantity_in_unit
from sync_protocol.collection import BodySchema, CheckContext, ErpRecord, Kind, Total
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.fields import Count, Currency, Date, Key, Money, Percent, Quantity, Text

MAX_QUANTITY = "1000000"
BY_CUSTOMER = "customer:"
"""Prefix of an order's order key; the customer's key follows."""
CENT = Decimal("0.01")
PRICE_ROUNDING = Decimal("0.0001")
"""An ERP may round a unit price by up to this much after applying its discount."""


class OrderLineBodySchema(BodySchema):
    line_no = Count(required=True, least=1, most=100_000)
    product_id = Key(required=True, references="products")
    quantity = Quantity(required=True, above="0", most=MAX_QUANTITY)
    unit = Key(required=True, references="units")
    unit_price = Money(required=True, least="0")
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
    lines = fields.List(
        fields.Nested(OrderLineBodySchema), required=True, validate=validate.Length(min=1, max=500)
    )


def check(body: Mapping[str, Any], context: CheckContext) -> Iterator[Fault]:
    """Yield faults that need the rep's records: dates, units, products not for sale, addresses."""
    yield from date_within(body, "order_date", context.today, dt.timedelta(days=366), dt.timedelta(days=2))
    yield from date_within(
        body, "requested_date", context.today, dt.timedelta(days=366), dt.timedelta(days=3 * 366)
    )
    yield from line_numbers_unique(body)
    customer = context.lookup("customers", body["customer_id"]) or {}
    addresses = {address["id"] for address in customer.get("addresses", [])}
    if body.get("ship_to_id") and customer and body["ship_to_id"] not in addresses:
        yield Fault(
            ErrorCode.UNKNOWN_RECORD, "ship_to_id", f"is not an address of customer {body['customer_id']}"
        )
    for n, line in enumerate(body["lines"]):
        product = context.lookup("products", line["product_id"]) or {}
        if product and not product.get("sellable", True):
            yield Fault(
                ErrorCode.NOT_FOR_SALE, f"lines[{n}].product_id", f"{product.get('name')} is not for sale"
            )
        yield from quantity_in_unit(line, product, context.lookup, f"lines[{n}]")


def title(body: Mapping[str, Any]) -> str:
    """Return the title for people."""
    lines = body.get("lines")
    count = len(lines) if isinstance(lines, list) else 0
    return f"Order for {body.get('customer_id')}, {count} line{'' if count == 1 else 's'}"


def total(body: Mapping[str, Any]) -> Decimal:
    """Return the order's total without tax."""
    return sum((_line_total(line) for line in body["lines"]), Decimal(0))


def _line_total(line: Mapping[str, Any]) -> Decimal:
    full = Decimal(line["quantity"]) * Decimal(line["unit_price"])
    share = (100 - Decimal(line.get("discount_percent") or "0")) / 100
    return (full * share).quantize(CENT, ROUND_HALF_UP)


def tolerance(body: Mapping[str, Any]) -> Decimal:
    """Return how much the ERP's total may differ: it rounds each line's amount and each unit price."""
    prices = sum((PRICE_ROUNDING * Decimal(line["quantity"]) for line in body["lines"]), Decimal(0))
    return CENT * len(body["lines"]) + prices


ORDER = Kind(
    name="order",
    summary="A sales order.",
    schema=OrderBodySchema,
    order_key=lambda body, rep: f"{BY_CUSTOMER}{body['customer_id']}",
    check=check,
    title=title,
    total=Total(total, tolerance),
    erp_record=ErpRecord(orders.ORDERS.name, orders.decision, orders.net_total),
)
