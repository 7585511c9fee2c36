"""Orders in the ERP, with their execution."""

from decimal import Decimal

from marshmallow import fields, validate

from sync_protocol.channel import follows
from sync_protocol.collection import Collection, RecordSchema
from sync_protocol.fields import (
    Choice,
    Count,
    Currency,
    Date,
    Flag,
    Key,
    Money,
    Price,
    Prose,
    Quantity,
    Text,
)
from sync_protocol.json_types import Record
from sync_protocol.presentation import ListView
from sync_protocol.submission import State

_DECIDED = {
    "confirmed": State.ACCEPTED,
    "processing": State.ACCEPTED,
    "done": State.ACCEPTED,
    "cancelled": State.CANCELLED,
}
"""The state for a value of the transport axis, after a person in the ERP has decided on the order."""
_UNDECIDED = frozenset({"pending", "credit_hold", "blocked"})
"""Values of the approval axis while nobody has decided."""


class OrderLineSchema(RecordSchema):
    line_no = Count(required=True, least=1, most=100_000)
    product_id = Key(required=True, allow_none=True, references="products")
    description = Prose(400, required=True, allow_none=True)
    unit = Key(required=True, allow_none=True, references="units")
    ordered = Quantity(required=True)
    delivered = Quantity(required=True)
    invoiced = Quantity(required=True)
    unit_price = Price(required=True)
    net = Money(required=True)


class DeliveryLineSchema(RecordSchema):
    product_id = Key(required=True, allow_none=True, references="products")
    unit = Key(required=True, allow_none=True, references="units")
    quantity = Quantity(required=True)


class DeliverySchema(RecordSchema):
    number = Text(40, required=True, allow_none=True)
    status = Choice("waiting", "reserved", "picked", "packed", "shipped", "done", "cancelled", required=True)
    date_planned = Date(required=True, allow_none=True)
    date_done = Date(required=True, allow_none=True)
    tracking = Text(120, required=True, allow_none=True)
    lines = fields.List(fields.Nested(DeliveryLineSchema), required=True, validate=validate.Length(max=2000))


class InvoiceSchema(RecordSchema):
    number = Text(40, required=True, allow_none=True)
    date = Date(required=True, allow_none=True)
    due_date = Date(required=True, allow_none=True)
    gross = Money(required=True)
    open_amount = Money(required=True)
    status = Choice("draft", "open", "part_paid", "paid", "cancelled", required=True)
    credit_note = Flag(required=True)


class AxesSchema(RecordSchema):
    """Four independent statuses: an order can be half delivered, unpaid and on credit hold at the same time."""

    transport = Choice("draft", "quotation", "confirmed", "processing", "done", "cancelled", required=True)
    approval = Choice("none", "pending", "approved", "credit_hold", "blocked", required=True)
    delivery = Choice("none", "waiting", "partial", "delivered", "exception", required=True)
    billing = Choice("none", "pending", "invoiced", "part_paid", "paid", "exception", required=True)


class OrderSchema(RecordSchema):
    id = Key(required=True)
    number = Text(40, required=True, allow_none=True)
    customer_id = Key(required=True, references="customers")
    submission_id = Key(required=True, allow_none=True)
    """The submission from which it was created, if it came from the field."""
    customer_reference = Text(80, required=True, allow_none=True)
    order_date = Date(required=True, allow_none=True)
    requested_date = Date(required=True, allow_none=True)
    currency = Currency(required=True)
    warehouse_id = Key(required=True, allow_none=True, references="warehouses")
    net = Money(required=True)
    tax = Money(required=True)
    gross = Money(required=True)
    axes = fields.Nested(AxesSchema, required=True)
    lines = fields.List(fields.Nested(OrderLineSchema), required=True, validate=validate.Length(max=2000))
    deliveries = fields.List(fields.Nested(DeliverySchema), required=True)
    invoices = fields.List(fields.Nested(InvoiceSchema), required=True)


ORDERS = Collection(
    name="orders",
    summary="Orders and their execution: lines, deliveries, invoices, and four axes of status.",
    schema=OrderSchema,
    channel=follows("customers", via="customer_id"),
    priority=6,
    columns=("id", "number", "customer_id", "order_date", "gross", "currency", "axes"),
    view=ListView(sort=(("order_date", "descending"),), search=("number", "customer_reference")),
)


def decision(order: Record) -> State | None:
    """Return the state after a person in the ERP has decided on an order on hold; None before that."""
    axes = order["axes"]
    state = _DECIDED.get(axes["transport"])
    undecided = axes["approval"] in _UNDECIDED
    return None if state is State.ACCEPTED and undecided else state


def net_total(order: Record) -> Decimal | None:
    """Return the total without tax."""
    return None if order["net"] is None else Decimal(order["net"])
