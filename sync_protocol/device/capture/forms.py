"""Forms: the body of a document from the little that a rep types, with defaults from the replica."""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sync_protocol.device.capture import pricing
from sync_protocol.device.capture.views import find_one
from sync_protocol.device.errors import DeviceError, NotFound
from sync_protocol.device.store import replica
from sync_protocol.device.store.database import Database
from sync_protocol.fields import Quantity


@dataclass(frozen=True)
class Line:
    """A line of an order or forecast: *product* by key, SKU or name; unit and price are looked up if absent."""

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
) -> dict[str, Any]:
    """Return the body of an order; raises `DeviceError` where a default is needed and the replica has none."""
    buyer = find_one(db, "customers", customer)
    price_list = pricing.list_of(db, buyer)
    listed = replica.record(db, "price_lists", price_list) if price_list else None
    money = currency or (listed or {}).get("currency") or buyer.get("currency")
    if not money:
        raise DeviceError(f"the currency of {buyer['name']} is not known here; name one")
    day = order_date or today.isoformat()
    return {
        "customer_id": buyer["id"],
        "customer_reference": customer_reference,
        "order_date": day,
        "requested_date": requested_date,
        "currency": money,
        "price_list_id": price_list,
        "warehouse_id": find_one(db, "warehouses", warehouse)["id"] if warehouse else None,
        "notes": notes,
        "lines": [_order_line(db, n, line, price_list, money, day) for n, line in enumerate(lines, 1)],
    }


def _order_line(
    db: Database, number: int, line: Line, price_list: str | None, currency: str, day: str
) -> dict[str, Any]:
    product = find_one(db, "products", line.product)
    unit = _unit(db, product, line.unit)
    if not Quantity.pattern.fullmatch(line.quantity):
        raise DeviceError(f"line {number}: the quantity {line.quantity!r} is not {Quantity.says}")
    amount = line.price
    if amount is None:
        found = pricing.price(db, product, price_list, unit, line.quantity, day)
        if found is None:
            raise DeviceError(
                f"line {number}: there is no price for {product['name']} in {unit}"
                f"{f' in price list {price_list}' if price_list else ''}; name the price"
            )
        if found.currency != currency:
            raise DeviceError(f"line {number}: {product['name']} is priced in {found.currency}, not {currency}")
        amount = found.amount
    return {
        "line_no": number, "product_id": product["id"], "quantity": line.quantity, "unit": unit,
        "unit_price": amount, "discount_percent": "0", "notes": None,
    }  # fmt: skip


def _unit(db: Database, product: dict[str, Any], named: str | None) -> str:
    """Return the unit's key: as named (key, symbol or name), or the usual one of the product."""
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
) -> dict[str, Any]:
    """Return the body of a forecast, with the next revision for its warehouse, month and customer."""
    place = find_one(db, "warehouses", warehouse)["id"]
    buyer = find_one(db, "customers", customer)["id"] if customer else None
    body_lines = []
    for number, line in enumerate(lines, 1):
        product = find_one(db, "products", line.product)
        body_lines.append(
            {
                "line_no": number, "product_id": product["id"], "quantity": line.quantity,
                "unit": _unit(db, product, line.unit),
            }
        )  # fmt: skip
    return {
        "warehouse_id": place,
        "period": period,
        "customer_id": buyer,
        "revision": 1 + _latest_revision(db, place, period, buyer),
        "notes": notes,
        "lines": body_lines,
    }


def _latest_revision(db: Database, warehouse: str, period: str, customer: str | None) -> int:
    """Return the newest revision that this device or, as far as it heard, another one of the rep captured."""
    bodies = [
        json.loads(bytes(row["frozen"]))["body"]
        for row in db.rows("SELECT frozen FROM document WHERE kind = 'forecast'")
    ]
    bodies += [
        submission["body"]
        for submission in replica.records(db, "submissions")
        if submission["kind"] == "forecast"
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
) -> dict[str, Any]:
    """Return the body of an expense claim; the currency is that of its categories unless named."""
    categories = [find_one(db, "expense_categories", line.category) for line in lines]
    named = {category["currency"] for category in categories}
    if currency is None:
        if len(named) != 1:
            raise NotFound("the categories are in different currencies; name the claim's currency")
        currency = named.pop()
    return {
        "purpose": purpose,
        "customer_id": find_one(db, "customers", customer)["id"] if customer else None,
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
