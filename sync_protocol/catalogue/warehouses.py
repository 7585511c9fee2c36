"""Warehouses."""

from sync_protocol.channel import everyone
from sync_protocol.collection import Collection, RecordSchema
from sync_protocol.fields import Key, Text


class WarehouseSchema(RecordSchema):
    id = Key(required=True)
    name = Text(120, required=True)


WAREHOUSES = Collection(
    name="warehouses",
    summary="Warehouses that orders are shipped from and forecasts are made for.",
    schema=WarehouseSchema,
    channel=everyone(),
    priority=1,
)
