"""Credit of a customer: limit, exposure, and what is overdue."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

from backend.connectors.tryton.mapping.text import date, key, money
from backend.connectors.tryton.row import Raw, Row
from sync_protocol.json_types import NewRecord

FIELDS = ("credit_amount", "credit_limit_amount", "currency.code")


def overdue(lines: Iterable[Row], today: dt.date) -> tuple[Decimal, dt.date | None]:
    """Return what is overdue and since when.

    *lines* are a customer's open lines of receivable accounts; a payment without an invoice counts against the
    oldest ones.
    """
    owed = sorted((r["maturity_date"] or r["date"], r["debit"] - r["credit"]) for r in lines)
    credit = -sum((amount for _, amount in owed if amount < 0), Decimal(0))
    total, oldest = Decimal(0), None
    for due, amount in owed:
        if amount <= 0 or due >= today:
            continue
        covered = min(credit, amount)
        credit -= covered
        if amount > covered:
            total += amount - covered
            oldest = oldest or due
    return total, oldest


def record(raw: Raw) -> NewRecord:
    """Return the credit of a customer; *raw*: party (`FIELDS`), lines, today, as_of."""
    party = raw["party"]
    amount, oldest = overdue(raw["lines"], raw["today"])
    limit = party["credit_limit_amount"]
    return {
        "id": key(party["id"]),
        "customer_id": key(party["id"]),
        "currency": party["currency."]["code"],
        "limit": None if limit is None else money(limit),
        "exposure": money(party["credit_amount"] or 0),
        "overdue": money(amount),
        "oldest_due_date": date(oldest),
        "as_of": raw["as_of"],
    }
