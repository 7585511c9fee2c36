"""Receivables: lines of receivable accounts, open ones and recently paid ones."""

from collections.abc import Sequence
from decimal import Decimal

from backend.connectors.tryton.mapping.text import clip, date, key, money
from backend.connectors.tryton.row import Raw, Row
from sync_protocol.json_types import NewRecord

LINE_FIELDS = (
    "party", "debit", "credit", "date", "maturity_date", "reconciliation", "move.number", "description",
    "move_origin", "amount_second_currency", "second_currency.code",
)  # fmt: skip
INVOICE_FIELDS = ("number", "total_amount", "lines_to_pay", "payment_lines", "sales.number")


def amount_of(line: Row) -> Decimal:
    """Return what the customer owes by a line, in the line's own currency; negative for payments."""
    if line["amount_second_currency"] is not None and line.get("second_currency."):
        return Decimal(line["amount_second_currency"])
    return Decimal(line["debit"] - line["credit"])


def open_amounts(lines: Sequence[Row], to_pay: list[int], paid_by: list[int]) -> dict[int, Decimal]:
    """Return what is open of each of an invoice's *lines*.

    In Tryton a part payment is beside the invoice until everything is paid. Here it is subtracted from the
    terms that are due first, and is not open itself.
    """
    open_by_line = {line["id"]: amount_of(line) for line in lines}
    for line in lines:
        if line["reconciliation"] is not None:
            open_by_line[line["id"]] = Decimal(0)
    credit = -sum((open_by_line[line["id"]] for line in lines if line["id"] in paid_by), Decimal(0))
    terms = [line for line in lines if line["id"] in to_pay and open_by_line[line["id"]]]
    for line in sorted(terms, key=lambda line: (line["maturity_date"] or line["date"], line["id"])):
        owed = open_by_line[line["id"]]
        used = min(credit, owed) if owed > 0 else max(credit, owed)
        open_by_line[line["id"]] = owed - used
        credit -= used
    for line in lines:
        if line["id"] in paid_by:
            open_by_line[line["id"]] = Decimal(0)
    if credit:
        # More was paid than owed: the rest stays with the last payment.
        last = max((line["id"] for line in lines if line["id"] in paid_by), default=None)
        if last is not None:
            open_by_line[last] = -credit
    return open_by_line


def record(raw: Raw) -> NewRecord:
    """Return a receivable; *raw*: line (`LINE_FIELDS`), invoice (`INVOICE_FIELDS`) or None, open, currency."""
    line, invoice = raw["line"], raw["invoice"]
    amount = amount_of(line)
    own = bool(invoice) and line["id"] in invoice["lines_to_pay"]
    kind = ("invoice" if amount >= 0 else "credit_note") if own else "payment" if amount < 0 else "other"
    orders = [row["number"] for row in (invoice or {}).get("sales.") or [] if row["number"]]
    number = (invoice["number"] if invoice and own else None) or (line.get("move.") or {}).get("number")
    return {
        "id": key(line["id"]),
        "customer_id": key(line["party"]),
        "type": kind,
        "number": clip(number, 60),
        "date": date(line["date"]),
        "due_date": date(line["maturity_date"]),
        "amount": money(amount),
        "open_amount": money(raw["open"]),
        "currency": (line.get("second_currency.") or {}).get("code") or raw["currency"],
        "order_number": clip(min(orders, default=None), 60),
    }
