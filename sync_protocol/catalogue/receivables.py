"""Receivables: open items and payments received."""

from sync_protocol.channel import follows
from sync_protocol.collection import Collection, RecordSchema
from sync_protocol.fields import Choice, Currency, Date, Key, Money, Text
from sync_protocol.presentation import ListView


class ReceivableSchema(RecordSchema):
    id = Key(required=True)
    customer_id = Key(required=True, references="customers")
    type = Choice("invoice", "credit_note", "payment", "other", required=True)
    number = Text(60, required=True, allow_none=True)
    date = Date(required=True)
    due_date = Date(required=True, allow_none=True)
    amount = Money(required=True)
    """The amount that the customer owes; negative for payments and credit notes."""
    open_amount = Money(required=True)
    """The part that is not settled yet."""
    currency = Currency(required=True)
    order_number = Text(60, required=True, allow_none=True)


RECEIVABLES = Collection(
    name="receivables",
    summary="Open items and payments received.",
    schema=ReceivableSchema,
    channel=follows("customers", via="customer_id"),
    priority=7,
    columns=("id", "customer_id", "type", "number", "due_date", "open_amount", "currency"),
    view=ListView(sort=(("due_date", "ascending"),), search=("number", "order_number")),
)
