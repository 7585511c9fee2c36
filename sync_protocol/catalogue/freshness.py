"""Freshness: how old what the ERP said is."""

from sync_protocol.channel import everyone
from sync_protocol.collection import SATCHEL, Collection, RecordSchema
from sync_protocol.fields import Instant, Key


class FreshnessSchema(RecordSchema):
    id = Key(required=True)
    """The name of a collection."""
    as_of = Instant(required=True)
    """When the ERP was last read for it to the end."""


FRESHNESS = Collection(
    name="freshness",
    summary="Per collection, when the ERP was last read to the end, so that a phone can show how old stock is.",
    schema=FreshnessSchema,
    channel=everyone(),
    priority=1,
    authority=SATCHEL,
)
