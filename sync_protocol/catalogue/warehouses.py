"""Warehouses."""

from sync_protocol.channel import everyone
from sync_protocol.collection import Collection, RecordSchema
from sync_protocol.fields import Key, Prose


class WarehouseSchema(RecordSchema):
    id = Key(required=True)
    name = Prose(120, required=True)


WAREHOUSES = Collection(
    name="warehouses",
    summary="Warehouses: the origin of deliveries, and the subject of forecasts.",
    schema=WarehouseSchema,
    channel=everyone(),
    priority=1,
)
