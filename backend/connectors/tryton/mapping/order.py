"""An order as the values of sale.sale's `create`. All are given, because `create` fills in few."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from backend.connectors.tryton.row import Row, Values
from backend.connectors.tryton.values import day, quantity
from backend.erp.records import Document


@dataclass(frozen=True)
class OrderFacts:
    """What was looked up in Tryton for one order."""

    party: dict[str, Any]
    """What Tryton fills in for the customer: addresses, payment term, methods."""
    shipment_address: int | None
    currency: int
    price_list: int | None
    warehouse: int
    taxes: dict[int, list[int]]
    """By product."""
    price_digits: int
    key_field: str | None
    """The companion module's field, or None without the module."""


TAKEN_OVER = (
    "invoice_party",
    "shipment_party",
    "invoice_address",
    "payment_term",
    "invoice_method",
    "shipment_method",
)


def net_price(price: str, discount: str, digits: int) -> Decimal:
    """Return the unit price after the discount, rounded half up to the decimals that Tryton stores."""
    full = Decimal(price) * (100 - Decimal(discount)) / 100
    return full.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def values(document: Document, facts: OrderFacts) -> Values:
    """Return the values to create.

    With the companion module our key is in its field and the customer's order number in `reference`. Without it
    our key is the reference, and the comment begins with the customer's order number.
    """
    body = document.body
    own_number = body.get("customer_reference")
    comment = [body.get("notes") or ""]
    sale: Row = {name: facts.party[name] for name in TAKEN_OVER if facts.party.get(name) is not None}
    if facts.key_field:
        sale[facts.key_field] = document.id
        sale["reference"] = own_number or document.id
    else:
        sale["reference"] = document.id
        comment.insert(0, f"Customer's order number: {own_number}" if own_number else "")
    return sale | {
        "party": facts.party["party"],
        "shipment_address": facts.shipment_address,
        "currency": facts.currency,
        "price_list": facts.price_list,
        "warehouse": facts.warehouse,
        "sale_date": day(body["order_date"]),
        "shipping_date": day(body["requested_date"]) if body.get("requested_date") else None,
        "description": f"Satchel, {document.rep.name}",
        "comment": "\n".join(part for part in comment if part) or None,
        "lines": [["create", [line_values(line, facts) for line in body["lines"]]]],
    }


def line_values(line: Row, facts: OrderFacts) -> Values:
    """Return the values of one line. Its note contains the price shown and the discount."""
    discount = line.get("discount_percent") or "0"
    notes = [line.get("notes") or ""]
    if Decimal(discount):
        notes.append(f"{line['unit_price']} less {discount} %")
    product = int(line["product_id"])
    return {
        "type": "line",
        "sequence": line["line_no"],
        "product": product,
        "quantity": quantity(line["quantity"]),
        "unit": int(line["unit"]),
        "unit_price": net_price(line["unit_price"], discount, facts.price_digits),
        "taxes": [["add", facts.taxes[product]]],
        "note": "\n".join(note for note in notes if note) or None,
    }
