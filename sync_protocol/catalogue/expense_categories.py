"""Expense categories with their policy limits."""

from sync_protocol.channel import everyone
from sync_protocol.collection import Collection, RecordSchema
from sync_protocol.fields import Currency, Flag, Key, Money, Prose


class ExpenseCategorySchema(RecordSchema):
    id = Key(required=True)
    name = Prose(120, required=True)
    currency = Currency(required=True)
    limit_per_line = Money(required=True, allow_none=True, least="0")
    """A line above it needs a justification; null: no limit."""
    receipt_above = Money(required=True, allow_none=True, least="0")
    """A line above it needs a receipt; null: no receipt is needed."""
    active = Flag(required=True)


EXPENSE_CATEGORIES = Collection(
    name="expense_categories",
    summary="Categories of expenses, with the limits of the expense policy.",
    schema=ExpenseCategorySchema,
    channel=everyone(),
    priority=4,
    columns=("id", "name", "limit_per_line", "receipt_above", "currency", "active"),
)
