"""Prices."""

from sync_protocol.channel import everyone
from sync_protocol.collection import Collection, RecordSchema
from sync_protocol.fields import Currency, Date, Key, Money, Quantity


class PriceSchema(RecordSchema):
    id = Key(required=True)
    price_list_id = Key(required=True, references="price_lists")
    product_id = Key(required=True, references="products")
    unit = Key(required=True, references="units")
    min_quantity = Quantity(required=True, least="0")
    amount = Money(required=True, least="0")
    """The price of one unit."""
    currency = Currency(required=True)
    valid_from = Date(required=True, allow_none=True)
    valid_to = Date(required=True, allow_none=True)


PRICES = Collection(
    name="prices",
    summary="Prices per price list, product, unit and minimum quantity.",
    schema=PriceSchema,
    channel=everyone(),
    priority=4,
)
