"""Freshness: the age of the data from the ERP."""

from sync_protocol.channel import everyone
from sync_protocol.collection import SATCHEL, Collection, RecordSchema
from sync_protocol.fields import Instant, Key


class FreshnessSchema(RecordSchema):
    id = Key(required=True, metadata={"names": "collections"})
    """The name of a collection."""
    as_of = Instant(required=True)
    """When the collection was last read completely from the ERP."""


FRESHNESS = Collection(
    name="freshness",
    summary="Per collection, when it was last read completely from the ERP; a phone shows how old stock is.",
    schema=FreshnessSchema,
    channel=everyone(),
    priority=1,
    authority=SATCHEL,
)
