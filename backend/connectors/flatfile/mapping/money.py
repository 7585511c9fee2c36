"""Receivables, credit and expense categories."""

from backend.connectors.flatfile.mapping.parts import Parts
from backend.connectors.flatfile.row import Row
from sync_protocol.json_types import NewRecord


def receivable(row: Row, parts: Parts) -> NewRecord:
    """Return an open item or a payment."""
    return {
        "id": row.text("id"),
        "customer_id": row.text("customer_id"),
        "type": row.word("type"),
        "number": row.maybe("number"),
        "date": row.text("date"),
        "due_date": row.maybe("due_date"),
        "amount": row.number("amount"),
        "open_amount": row.number("open_amount"),
        "currency": row.currency("currency"),
        "order_number": row.maybe("order_number"),
    }


def credit(row: Row, parts: Parts) -> NewRecord:
    """Return the credit of a customer, whose key it shares."""
    return {
        "id": row.text("customer_id"),
        "customer_id": row.text("customer_id"),
        "currency": row.currency("currency"),
        "limit": row.number_or_none("limit"),
        "exposure": row.number("exposure"),
        "overdue": row.number_or_none("overdue") or "0",
        "oldest_due_date": row.maybe("oldest_due_date"),
        "as_of": row.maybe("as_of") or parts.generated_at,
    }


def expense_category(row: Row, parts: Parts) -> NewRecord:
    """Return an expense category."""
    return {
        "id": row.text("id"),
        "name": row.text("name"),
        "currency": row.currency("currency"),
        "limit_per_line": row.number_or_none("limit_per_line"),
        "receipt_above": row.number_or_none("receipt_above"),
        "active": row.flag("active"),
    }
