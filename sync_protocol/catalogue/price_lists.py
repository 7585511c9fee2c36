"""Price lists."""

from sync_protocol.channel import everyone
from sync_protocol.collection import Collection, RecordSchema
from sync_protocol.fields import Currency, Date, Flag, Key, Prose


class PriceListSchema(RecordSchema):
    id = Key(required=True)
    name = Prose(120, required=True)
    currency = Currency(required=True)
    tax_included = Flag(required=True)
    valid_from = Date(required=True, allow_none=True)
    valid_to = Date(required=True, allow_none=True)


PRICE_LISTS = Collection(
    name="price_lists",
    summary="Price lists; a customer record names the list that applies.",
    schema=PriceListSchema,
    channel=everyone(),
    priority=3,
)
