"""Forms: build the body of a document from a few inputs of the rep, with defaults from the replica.

A kind needs no form to be captured, pushed and shown; a form saves the rep typing.
"""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from marshmallow import Schema, fields

from sync_protocol.catalogue import KINDS
from sync_protocol.catalogue.forecast import FORECAST
from sync_protocol.device.capture import pricing
from sync_protocol.device.capture.views import find_record
from sync_protocol.device.errors import DeviceError, NotFound
from sync_protocol.device.store import replica
from sync_protocol.device.store.database import Database
from sync_protocol.fields import Quantity
from sync_protocol.json_types import NewBody


@dataclass(frozen=True)
class Line:
    """A line of an order or forecast: *product* is a key, SKU or name; unit and price are looked up if None."""

    product: str
    quantity: str
    unit: str | None = None
    price: str | None = None


@dataclass(frozen=True)
class ExpenseLine:
    """A line of an expense claim; *receipts* are `sha256:…`."""

    category: str
    amount: str
    description: str
    date: str | None = None
    receipts: Sequence[str] = field(default_factory=tuple)
    justification: str | None = None


def blank(kind: str) -> NewBody:
    """Return a body of *kind* with every field that its schema declares, all null, for a person to fill in."""
    return _blank(KINDS[kind].schema())


def _blank(schema: Schema) -> NewBody:
    body: dict[str, Any] = {}
    for name, declared in schema.fields.items():
        item = declared.inner if isinstance(declared, fields.List) else declared
        value = _blank(item.schema) if isinstance(item, fields.Nested) else None
        body[name] = value if item is declared else [] if value is None else [value]
    return body


def order(
    db: Database,
    *,
    customer: str,
    lines: Sequence[Line],
    today: dt.date,
    order_date: str | None = None,
    requested_date: str | None = None,
    customer_reference: str | None = None,
    warehouse: str | None = None,
    currency: str | None = None,
    notes: str | None = None,
) -> NewBody:
    """Return the body of an order (`OrderBodySchema`); raises `DeviceError` if the replica lacks a default.

    If no *warehouse* is named and the rep has only one, it is that one: an ERP with several refuses an order
    without a warehouse.
    """
    buyer = find_record(db, "customers", customer)
    price_list = pricing.price_list_of(db, buyer)
    listed = replica.record(db, "price_lists", price_list) if price_list else None
    money = currency or (listed or {}).get("currency") or buyer.get("currency")
    if not money:
        raise DeviceError(f"the currency of {buyer['name']} is not known on this device; name one")
    day = order_date or today.isoformat()
    return {
        "customer_id": buyer["id"],
        "customer_reference": customer_reference,
        "order_date": day,
        "requested_date": requested_date,
        "currency": money,
        "price_list_id": price_list,
        "warehouse_id": find_record(db, "warehouses", warehouse)["id"] if warehouse else _only_warehouse(db),
        "notes": notes,
        "lines": [_order_line(db, n, line, price_list, money, day) for n, line in enumerate(lines, 1)],
    }


def _only_warehouse(db: Database) -> str | None:
    """Return the key of the rep's only warehouse; None if there are several, or none.

    The rep's warehouses are those whose stock the rep receives. Without stock, they are all warehouses.
    """
    of_stock = {str(level["warehouse_id"]) for level in replica.channel_samples(db, "stock_levels")}
    keys = of_stock or {str(record["id"]) for record in replica.records(db, "warehouses", limit=2)}
    key = next(iter(keys), None) if len(keys) == 1 else None
    return key if key is not None and replica.record(db, "warehouses", key) else None


def _order_line(
    db: Database, number: int, line: Line, price_list: str | None, currency: str, day: str
) -> NewBody:
    product = find_record(db, "products", line.product)
    unit = _unit(db, product, line.unit)
    if not Quantity.pattern.fullmatch(line.quantity):
        raise DeviceError(f"line {number}: the quantity {line.quantity!r} is not {Quantity.expected}")
    if Decimal(line.quantity) <= 0:
        raise DeviceError(f"line {number}: the quantity {line.quantity} must be above 0")
    amount = line.price
    if amount is None:
        listed = pricing.price(db, product, price_list, unit, line.quantity, day)
        if listed is None:
            raise DeviceError(
                f"line {number}: there is no price for {product['name']} in {unit}"
                f"{f' in price list {price_list}' if price_list else ''}; name the price"
            )
        if listed.currency != currency:
            raise DeviceError(
                f"line {number}: {product['name']} is priced in {listed.currency}, not {currency}"
            )
        amount = listed.amount
    return {
        "line_no": number, "product_id": product["id"], "quantity": line.quantity, "unit": unit,
        "unit_price": amount, "discount_percent": "0", "notes": None,
    }  # fmt: skip


def _unit(db: Database, product: dict[str, Any], named: str | None) -> str:
    """Return the key of the unit *named* (key, symbol or name), or the product's usual unit."""
    sold_in = [str(entry["unit"]) for entry in product["units"]]
    if named is None:
        return sold_in[0]
    for key in sold_in:
        unit = replica.record(db, "units", key) or {}
        if named.casefold() in {str(name).casefold() for name in (key, unit.get("symbol"), unit.get("name"))}:
            return key
    return named


def forecast(
    db: Database,
    *,
    warehouse: str,
    period: str,
    lines: Sequence[Line],
    customer: str | None = None,
    notes: str | None = None,
) -> NewBody:
    """Return the body of a forecast (`ForecastBodySchema`), with the next revision for its scope.

    The scope is warehouse, month (*period*, `2026-12`) and customer.
    """
    warehouse_id = find_record(db, "warehouses", warehouse)["id"]
    buyer = find_record(db, "customers", customer)["id"] if customer else None
    body_lines = []
    for number, line in enumerate(lines, 1):
        product = find_record(db, "products", line.product)
        body_lines.append(
            {
                "line_no": number, "product_id": product["id"], "quantity": line.quantity,
                "unit": _unit(db, product, line.unit),
            }
        )  # fmt: skip
    return {
        "warehouse_id": warehouse_id,
        "period": period,
        "customer_id": buyer,
        "revision": 1 + _latest_revision(db, warehouse_id, period, buyer),
        "notes": notes,
        "lines": body_lines,
    }


def _latest_revision(db: Database, warehouse: str, period: str, customer: str | None) -> int:
    """Return the newest known revision: captured on this device, or on another one of the rep."""
    bodies = [
        json.loads(bytes(row["frozen"]))["body"]
        for row in db.rows("SELECT frozen FROM document WHERE kind = ?", FORECAST.name)
    ]
    bodies += [
        submission["body"]
        for submission in replica.records(db, "submissions")
        if submission["kind"] == FORECAST.name
    ]
    same = (warehouse, period, customer)
    return max(
        (
            int(body.get("revision", 0))
            for body in bodies
            if (body.get("warehouse_id"), body.get("period"), body.get("customer_id")) == same
        ),
        default=0,
    )


def expense_claim(
    db: Database,
    *,
    purpose: str,
    lines: Sequence[ExpenseLine],
    today: dt.date,
    customer: str | None = None,
    project: str | None = None,
    currency: str | None = None,
) -> NewBody:
    """Return the body of an expense claim (`ExpenseClaimBodySchema`); its categories give the currency."""
    categories = [find_record(db, "expense_categories", line.category) for line in lines]
    currencies = {category["currency"] for category in categories}
    if currency is None:
        if len(currencies) != 1:
            raise NotFound("the categories have different currencies; name the currency of the claim")
        currency = currencies.pop()
    return {
        "purpose": purpose,
        "customer_id": find_record(db, "customers", customer)["id"] if customer else None,
        "project": project,
        "currency": currency,
        "lines": [
            {
                "line_no": number, "date": line.date or today.isoformat(), "category_id": category["id"],
                "description": line.description, "merchant": None, "amount": line.amount,
                "receipts": list(line.receipts), "justification": line.justification,
            }
            for number, (line, category) in enumerate(zip(lines, categories, strict=True), 1)
        ],
    }  # fmt: skip
