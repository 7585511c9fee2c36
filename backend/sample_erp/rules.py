"""The rules that the sample ERP applies to a document, as a real ERP would."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from backend.sample_erp.database import SampleDatabase

MAX_QUANTITY = Decimal(100_000)
MAX_EXPENSE = Decimal(10_000)

Rows = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Decision:
    """`status` is ok, reject or hold; `faults` has (code, text) by line number, 0 for the whole document."""

    status: str
    faults: Mapping[int, tuple[str, str]]


def check_order(db: SampleDatabase, rows: Rows, room: Decimal | None, gross: Decimal, hold: bool) -> Decision:
    """Return the decision on an order; *room* is what the customer may still owe, None for any amount."""
    key = rows[0]["customer_id"]
    customer = db.row("SELECT * FROM customers WHERE id = ?", key)
    if customer is None:
        return Decision("reject", {0: ("unknown_record", f"customer {key} is not known")})
    if customer["status"] == "closed":
        return Decision("reject", {0: ("field_invalid", f"customer {key} is closed")})
    faults = {int(row["line_no"]): fault for row in rows if (fault := _line_fault(db, row))}
    if faults:
        return Decision("reject", faults)
    if customer["block_order"] == "yes":
        return Decision("hold", {0: ("customer_blocked", f"customer {key} is blocked for orders")})
    if hold:
        return Decision("hold", {0: ("held", "all orders are being held for a check")})
    if room is not None and gross > room:
        return Decision(
            "hold",
            {
                0: (
                    "credit_limit",
                    f"credit limit exceeded: {max(room, Decimal(0)):.2f} left, {gross:.2f} ordered",
                )
            },
        )
    return Decision("ok", {})


def check_expense_claim(db: SampleDatabase, rows: Rows) -> Decision:
    """Return the decision on an expense claim."""
    faults = {}
    for row in rows:
        if db.row("SELECT 1 FROM expense_categories WHERE id = ?", row["category_id"]) is None:
            faults[int(row["line_no"])] = ("unknown_record", f"category {row['category_id']} is not known")
        elif Decimal(row["amount"]) > MAX_EXPENSE:
            faults[int(row["line_no"])] = (
                "over_limit",
                f"{row['amount']} is more than {MAX_EXPENSE}; claim it by invoice",
            )
    return Decision("reject" if faults else "ok", faults)


def _line_fault(db: SampleDatabase, row: Mapping[str, str]) -> tuple[str, str] | None:
    product: sqlite3.Row | None = db.row("SELECT * FROM products WHERE id = ?", row["product_id"])
    if product is None:
        return "unknown_record", f"product {row['product_id']} is not known"
    if product["sellable"] != "yes" or product["active"] != "yes":
        return "not_for_sale", f"{product['name']} is not for sale"
    units = [part.partition(":")[0] for part in product["units"].split("|")]
    if row["unit"] not in units:
        return "wrong_unit", f"{product['name']} is sold in {', '.join(units)}, not in {row['unit']}"
    if Decimal(row["quantity"]) > MAX_QUANTITY:
        return "out_of_range", f"{row['quantity']} is more than {MAX_QUANTITY}, which must be a mistake"
    return None
