"""Prices."""

from sync_protocol.channel import everyone
from sync_protocol.collection import Collection, RecordSchema
from sync_protocol.fields import Currency, Date, Key, Price, Quantity
from sync_protocol.presentation import ListView


class PriceSchema(RecordSchema):
    id = Key(required=True)
    price_list_id = Key(required=True, references="price_lists")
    product_id = Key(required=True, references="products")
    unit = Key(required=True, references="units")
    min_quantity = Quantity(required=True, least="0")
    amount = Price(required=True, least="0")
    """The price of one unit."""
    min_amount = Price(least="0", allow_none=True)
    """The lowest price of one unit that any rep may grant; null or absent: the ERP names none."""
    currency = Currency(required=True)
    valid_from = Date(required=True, allow_none=True)
    valid_to = Date(required=True, allow_none=True)


PRICES = Collection(
    name="prices",
    summary="Prices per price list, product, unit and minimum quantity.",
    schema=PriceSchema,
    channel=everyone(),
    priority=4,
    found_by=("price_list_id", "product_id"),
    former_fields=tuple(PriceSchema().fields),
    columns=("id", "price_list_id", "product_id", "unit", "min_quantity", "amount", "currency"),
    view=ListView(title="product_id", parent="product_id", sort=(("min_quantity", "ascending"),)),
)
