"""The expense claim: expenses of a rep for a customer or a project, with receipts."""

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from marshmallow import fields, validate

from sync_protocol.catalogue.rules import date_within, line_numbers_unique
from sync_protocol.collection import BodySchema, CheckContext, Kind, Total
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.fields import Count, Currency, Date, Key, Money, ReceiptRef, Text

LATE_AFTER = dt.timedelta(days=366)


class ExpenseLineSchema(BodySchema):
    line_no = Count(required=True, least=1, most=100_000)
    date = Date(required=True)
    category_id = Key(required=True, references="expense_categories")
    description = Text(200, required=True)
    merchant = Text(120, load_default=None, allow_none=True)
    amount = Money(required=True, above="0", most="1000000")
    """In the currency of the claim, including tax."""
    receipts = fields.List(ReceiptRef(), load_default=list, validate=validate.Length(max=20))
    justification = Text(500, load_default=None, allow_none=True)


class ExpenseClaimBodySchema(BodySchema):
    purpose = Text(200, required=True)
    customer_id = Key(load_default=None, allow_none=True, references="customers")
    project = Text(80, load_default=None, allow_none=True)
    currency = Currency(required=True)
    lines = fields.List(
        fields.Nested(ExpenseLineSchema), required=True, validate=validate.Length(min=1, max=200)
    )


def check(body: Mapping[str, Any], context: CheckContext) -> Iterator[Fault]:
    """Yield violations of the expense policy: customer or project, dates, receipts, justifications."""
    if not body.get("customer_id") and not body.get("project"):
        yield Fault(ErrorCode.FIELD_MISSING, "customer_id", "name the customer or the project it was for")
    yield from line_numbers_unique(body)
    for n, line in enumerate(body["lines"]):
        where = f"lines[{n}]"
        for fault in date_within(line, "date", context.today, LATE_AFTER, dt.timedelta(days=2)):
            yield fault._replace(field=f"{where}.date")
        category = context.lookup("expense_categories", line["category_id"]) or {}
        name, currency = category.get("name"), category.get("currency")
        receipts = line.get("receipts") or []
        # Amounts in two currencies cannot be compared, so the stricter rule applies.
        foreign = bool(category) and currency != body["currency"]
        if _above(line["amount"], category.get("receipt_above"), foreign) and not receipts:
            yield Fault(
                ErrorCode.RECEIPT_REQUIRED,
                f"{where}.receipts",
                f"{name} above {category['receipt_above']} {currency} needs a receipt",
            )
        if _above(line["amount"], category.get("limit_per_line"), foreign) and not line.get("justification"):
            yield Fault(
                ErrorCode.OVER_LIMIT,
                f"{where}.amount",
                f"{name} is limited to {category['limit_per_line']} {currency}; give a justification",
            )
        for receipt in receipts:
            if receipt not in context.needs:
                yield Fault(
                    ErrorCode.FIELD_INVALID, f"{where}.receipts", f"{receipt} is not announced in `needs`"
                )


def _above(amount: str, limit: str | None, foreign: bool) -> bool:
    return limit is not None and (foreign or Decimal(amount) > Decimal(limit))


def title(body: Mapping[str, Any]) -> str:
    """Return the title for people."""
    return f"Expense claim: {body.get('purpose')}"


def total(body: Mapping[str, Any]) -> Decimal:
    """Return the claim's total, tax included."""
    return sum((Decimal(line["amount"]) for line in body["lines"]), Decimal(0))


EXPENSE_CLAIM = Kind(
    name="expense_claim",
    summary="An expense claim with receipts, for a customer or a project.",
    schema=ExpenseClaimBodySchema,
    order_key=lambda body, rep: f"rep:{rep}",
    check=check,
    title=title,
    total=Total(total),
)
