"""Stock levels."""

from marshmallow import fields, validate

from sync_protocol.channel import by_field
from sync_protocol.collection import Collection, RecordSchema
from sync_protocol.fields import Date, Instant, Key, Quantity
from sync_protocol.presentation import ListView


class IncomingSchema(RecordSchema):
    date = Date(required=True)
    quantity = Quantity(required=True)


class StockLevelSchema(RecordSchema):
    id = Key(required=True)
    product_id = Key(required=True, references="products")
    warehouse_id = Key(required=True, references="warehouses")
    unit = Key(required=True, references="units")
    on_hand = Quantity(required=True)
    reserved = Quantity(required=True)
    available = Quantity(required=True)
    """On hand minus reserved; it may be negative."""
    incoming = fields.List(fields.Nested(IncomingSchema), required=True, validate=validate.Length(max=50))
    as_of = Instant(required=True)
    """When these figures were first read; `freshness` has the time of the last confirmation."""


STOCK_LEVELS = Collection(
    name="stock_levels",
    summary="Stock per product and warehouse: a snapshot, never a promise.",
    schema=StockLevelSchema,
    channel=by_field("warehouse_id", dimension="warehouse"),
    priority=5,
    volatile=("as_of",),
    columns=("id", "product_id", "warehouse_id", "unit", "on_hand", "available"),
    view=ListView(title="product_id", parent="product_id"),
)
