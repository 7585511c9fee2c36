"""Orders and their execution, of sale.sale, its lines, shipments and invoices."""

import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from backend.connectors.tryton.mapping.text import clip, date, first, key, money, quantity
from backend.connectors.tryton.mapping.units import UnitFacts
from backend.connectors.tryton.row import Raw, Row
from sync_protocol.json_types import NewRecord

SALE_FIELDS = (
    "number", "reference", "state", "shipment_state", "invoice_state", "party", "currency.code", "warehouse",
    "sale_date", "shipping_date", "untaxed_amount", "tax_amount", "total_amount", "lines", "invoices",
    "shipments",
)  # fmt: skip
LINE_FIELDS = (
    "sale", "sequence", "type", "product", "product.name", "description", "quantity", "unit", "unit_price",
    "amount", "moves", "invoice_lines",
)  # fmt: skip
MOVE_FIELDS = ("product", "quantity", "unit", "state", "origin", "shipment")
SHIPMENT_FIELDS = ("number", "state", "planned_date", "effective_date", "reference")
INVOICE_FIELDS = ("number", "invoice_date", "total_amount", "amount_to_pay", "state", "lines_to_pay")
INVOICE_LINE_FIELDS = ("quantity", "unit", "invoice.state")

DELIVERY = {
    "none": "none", "waiting": "waiting", "partially shipped": "partial", "sent": "delivered",
    "exception": "exception",
}  # fmt: skip
BILLING = {
    "none": "none", "pending": "pending", "awaiting payment": "invoiced", "partially paid": "part_paid",
    "paid": "paid", "exception": "exception",
}  # fmt: skip
SHIPMENT = {"draft": "waiting", "assigned": "reserved"}
INVOICE = {"draft": "draft", "validated": "draft", "paid": "paid", "cancelled": "cancelled"}
APPROVAL = {"draft": "none", "quotation": "pending", "cancelled": "none"}
BILLED = frozenset({"posted", "paid"})
ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")


def keys_of(sale: Row) -> tuple[str | None, str | None]:
    """Return our submission's id and the customer's order number, whichever field they are in."""
    reference = sale["reference"] or None
    own = sale.get("satchel_key") or (reference if reference and ULID.fullmatch(reference) else None)
    return own, None if reference == own else reference


def record(raw: Raw) -> NewRecord:
    """Return an order.

    *raw*: sale, lines in their order, moves, shipments, invoices, invoice_lines (each by id), due (date by
    invoice id), units (their facts, by id).
    """
    sale = raw["sale"]
    submission, reference = keys_of(sale)
    goods = [line for line in raw["lines"] if line["type"] == "line"]
    return {
        "id": key(sale["id"]),
        "number": clip(sale["number"], 40),
        "customer_id": key(sale["party"]),
        "submission_id": submission,
        "customer_reference": clip(reference, 80),
        "order_date": date(sale["sale_date"]),
        "requested_date": date(sale["shipping_date"]),
        "currency": sale["currency."]["code"],
        "warehouse_id": key(sale["warehouse"]),
        "net": money(sale["untaxed_amount"] or 0),
        "tax": money(sale["tax_amount"] or 0),
        "gross": money(sale["total_amount"] or 0),
        "axes": {
            "transport": sale["state"],
            "approval": APPROVAL.get(sale["state"], "approved"),
            "delivery": DELIVERY[sale["shipment_state"]],
            "billing": BILLING[sale["invoice_state"]],
        },
        "lines": [_line(n, line, raw) for n, line in enumerate(goods, 1)],
        "deliveries": [_delivery(raw["shipments"][n], raw) for n in sorted(sale["shipments"])],
        "invoices": [_invoice(raw["invoices"][n], raw["due"].get(n)) for n in sorted(sale["invoices"])],
    }


def _line(number: int, line: Row, raw: Raw) -> NewRecord:
    moves = [raw["moves"][n] for n in line["moves"]]
    billed = [raw["invoice_lines"][n] for n in line["invoice_lines"]]
    done = [row for row in moves if row["state"] == "done"]
    posted = [row for row in billed if first(row, "invoice", "state") in BILLED]
    return {
        "line_no": number,
        "product_id": key(line["product"]),
        "description": clip(line["description"] or first(line, "product", "name"), 400),
        "unit": key(line["unit"]),
        "ordered": quantity(line["quantity"] or 0),
        "delivered": quantity(_sum_in(line["unit"], done, raw["units"])),
        "invoiced": quantity(_sum_in(line["unit"], posted, raw["units"])),
        "unit_price": money(line["unit_price"] or 0),
        "net": money(line["amount"] or 0),
    }


def _sum_in(unit: int | None, rows: list[dict[str, Any]], units: Mapping[int, UnitFacts]) -> Decimal | Fraction:
    """Return the sum of quantities in *unit*: a shipment may count pieces if the order has boxes.

    A converted sum is rounded down to what *unit* allows: 7 pieces are no box of 12 yet. The deliveries of the
    order show the pieces.
    """
    total, converted = Fraction(0), False
    for row in rows:
        amount = Fraction(row["quantity"] or 0)
        if unit is not None and row["unit"] not in (None, unit):
            amount = amount * units[row["unit"]].factor / units[unit].factor
            converted = True
        total += amount
    if unit is None or not converted:
        return total
    digits = units[unit].digits
    return Decimal(int(total * 10**digits)).scaleb(-digits)


def _delivery(shipment: dict[str, Any], raw: Raw) -> NewRecord:
    place = f"stock.shipment.out,{shipment['id']}"
    own = {n for line in raw["lines"] for n in line["moves"]}
    moves = [row for row in raw["moves"].values() if row["id"] in own and row["shipment"] == place]
    moves = [row for row in moves if row["state"] != "cancelled" or shipment["state"] == "cancelled"]
    return {
        "number": clip(shipment["number"], 40),
        "status": SHIPMENT.get(shipment["state"], shipment["state"]),
        "date_planned": date(shipment["planned_date"]),
        "date_done": date(shipment["effective_date"]),
        "tracking": clip(shipment["reference"], 120),
        "lines": [
            {"product_id": key(row["product"]), "unit": key(row["unit"]), "quantity": quantity(row["quantity"])}
            for row in sorted(moves, key=lambda row: row["id"])
        ],
    }


def _invoice(invoice: dict[str, Any], due: Any) -> NewRecord:
    total, unpaid = invoice["total_amount"] or Decimal(0), invoice["amount_to_pay"] or Decimal(0)
    status = INVOICE.get(invoice["state"])
    return {
        "number": clip(invoice["number"], 40),
        "date": date(invoice["invoice_date"]),
        "due_date": date(due),
        "gross": money(total),
        "open_amount": money(unpaid if invoice["state"] == "posted" else 0),
        "status": status or ("open" if unpaid == total else "part_paid"),
        "credit_note": total < 0,
    }
