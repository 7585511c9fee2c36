"""The expense claim: expenses of a rep for a customer or a project, with receipts."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

from marshmallow import fields

from sync_protocol.blank import is_blank
from sync_protocol.catalogue.rules import LINE_NUMBERS, date_within, line_numbers_unique, name_of
from sync_protocol.check_rule import CheckRule
from sync_protocol.collection import BodySchema, CheckContext, Kind, Lookup, Total
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.fields import Bounded, Count, Currency, Date, Key, Money, ReceiptRef, Text
from sync_protocol.json_types import Body
from sync_protocol.presentation import Form
from sync_protocol.rule import REFUSAL, Rule, Rules
from sync_protocol.sentence import sentence

LATE_AFTER = dt.timedelta(days=366)
FUTURE = dt.timedelta(days=2)


class ExpenseLineSchema(BodySchema):
    line_no = Count(required=True, least=1, most=100_000)
    date = Date(required=True)
    category_id = Key(required=True, references="expense_categories")
    description = Text(200, required=True, blank=False)
    merchant = Text(120, load_default=None, allow_none=True)
    amount = Money(required=True, above="0", most="1000000")
    """In the currency of the claim, including tax."""
    receipts = Bounded(ReceiptRef(), most=20, load_default=list)
    justification = Text(500, load_default=None, allow_none=True)


class ExpenseClaimBodySchema(BodySchema):
    purpose = Text(200, required=True, blank=False)
    customer_id = Key(load_default=None, allow_none=True, references="customers")
    project = Text(80, load_default=None, allow_none=True)
    currency = Currency(required=True)
    lines = Bounded(fields.Nested(ExpenseLineSchema), least=1, most=200, required=True)


CUSTOMER_OR_PROJECT = CheckRule(
    "customer_or_project",
    ErrorCode.FIELD_MISSING,
    "customer_id",
    "The claim has a `customer_id` or a `project`, or both.",
    ("any_of", "customer_id", "project"),
    ("customer_or_project",),
)
LINE_DATE = CheckRule(
    "line_date",
    ErrorCode.OUT_OF_RANGE,
    "lines.date",
    f"The date is at most {LATE_AFTER.days} days in the past and {FUTURE.days} in the future.",
    ("days", LATE_AFTER.days, FUTURE.days),
    ("date_outside",),
)
RECEIPT_REQUIRED = CheckRule(
    "receipt_required",
    ErrorCode.RECEIPT_REQUIRED,
    "lines.receipts",
    "An amount above the `receipt_above` of its category has a receipt;"
    " so has every amount if the claim has another currency than a category with that limit.",
    ("needed_above", "receipts", "amount", "category_id", "receipt_above"),
    ("receipt_above",),
)
JUSTIFICATION = CheckRule(
    "justification",
    ErrorCode.OVER_LIMIT,
    "lines.amount",
    "An amount above the `limit_per_line` of its category has a `justification`;"
    " so has every amount if the claim has another currency than a category with that limit.",
    ("needed_above", "justification", "amount", "category_id", "limit_per_line"),
    ("limited_to",),
)
RECEIPT_ANNOUNCED = CheckRule(
    "receipt_announced",
    ErrorCode.FIELD_INVALID,
    "lines.receipts",
    "Each receipt of a line is listed in `needs` of the submission.",
    ("announced",),
    ("receipt_not_announced",),
)


def check(body: Body, context: CheckContext) -> Iterator[Fault]:
    """Yield violations of the expense policy: customer or project, dates, receipts, justifications."""
    if not body.get("customer_id") and is_blank(body.get("project")):
        yield CUSTOMER_OR_PROJECT.fault(sentence("customer_or_project"))
    yield from line_numbers_unique(LINE_NUMBERS, body)
    for n, line in enumerate(body["lines"]):
        yield from date_within(LINE_DATE, line["date"], context.today, n)
        category = context.lookup("expense_categories", line["category_id"]) or {}
        name, currency = category.get("name"), category.get("currency")
        receipts = line.get("receipts") or []
        # Amounts in two currencies cannot be compared, so the stricter rule applies.
        foreign = bool(category) and currency != body["currency"]
        if _above(line["amount"], category.get("receipt_above"), foreign) and not receipts:
            message = sentence(
                "receipt_above", category=name, limit=category["receipt_above"], currency=currency
            )
            yield RECEIPT_REQUIRED.fault(message, n)
        if _above(line["amount"], category.get("limit_per_line"), foreign) and is_blank(
            line.get("justification")
        ):
            message = sentence("limited_to", category=name, limit=category["limit_per_line"], currency=currency)
            yield JUSTIFICATION.fault(message, n)
        for receipt in receipts:
            if receipt not in context.needs:
                yield RECEIPT_ANNOUNCED.fault(sentence("receipt_not_announced", receipt=receipt), n)


def _above(amount: str, limit: str | None, foreign: bool) -> bool:
    return limit is not None and (foreign or Decimal(amount) > Decimal(limit))


def title(body: Body, lookup: Lookup) -> str:
    """Return the title for people."""
    key = body.get("customer_id")
    customer = f", {name_of(lookup, 'customers', key)}" if key else ""
    return f"Expense claim: {body.get('purpose')}{customer}"


def total(body: Body) -> Decimal:
    """Return the claim's total, tax included."""
    return sum((Decimal(line["amount"]) for line in body["lines"]), Decimal(0))


CLAIM_RULES = Rules(
    records={"category": ("expense_categories", "line.category_id")},
    rules=(
        Rule(
            "category_inactive", REFUSAL, ErrorCode.FIELD_INVALID, "lines.category_id",
            ("equals", "category.active", False),
            "category_inactive",
        ),
    ),
)  # fmt: skip

EXPENSE_CLAIM = Kind(
    name="expense_claim",
    summary="An expense claim with receipts, for a customer or a project.",
    schema=ExpenseClaimBodySchema,
    order_key=lambda body, rep: f"rep:{rep}",
    check=check,
    check_rules=(
        CUSTOMER_OR_PROJECT,
        LINE_NUMBERS,
        LINE_DATE,
        RECEIPT_REQUIRED,
        JUSTIFICATION,
        RECEIPT_ANNOUNCED,
    ),
    rules=CLAIM_RULES,
    title=title,
    total=Total(total),
    form=Form(
        title="purpose",
        prefill={
            "currency": ("copy", "lines.category_id", "currency"),
            "lines.line_no": ("line_number",),
            "lines.date": ("today",),
        },
    ),
)
