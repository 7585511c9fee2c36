"""What a rep may grant: discounts, and prices other than those of the list."""

from marshmallow import fields, validate

from sync_protocol.channel import by_field
from sync_protocol.collection import SATCHEL, Collection, RecordSchema
from sync_protocol.fields import Flag, Key, Percent, Prose


class DiscountExceptionSchema(RecordSchema):
    customer_group = Prose(80, required=True, allow_none=True)
    """Null: customers of every group."""
    product_group = Prose(80, required=True, allow_none=True)
    """Null: products of every group."""
    max_discount_percent = Percent(required=True)


class PriceLimitSchema(RecordSchema):
    id = Key(required=True)
    """The rep."""
    max_discount_percent = Percent(required=True)
    """How much the price after the discount may be below the list price."""
    exceptions = fields.List(
        fields.Nested(DiscountExceptionSchema), required=True, validate=validate.Length(max=200)
    )
    """Other discounts for groups. One for both groups counts before one for products, and that before one for
    customers."""
    free_of_charge = Flag(required=True)
    """Whether the rep may give goods away."""
    above_list = Flag(required=True)
    """Whether a price may be above the list price."""
    without_list_price = Flag(required=True)
    """Whether the rep may name a price of a product of which the customer's list has none in any currency, unit
    and quantity."""


PRICE_LIMITS = Collection(
    name="price_limits",
    summary="What a rep may grant in an order; orders beyond that wait for the office.",
    schema=PriceLimitSchema,
    channel=by_field("id", dimension="rep"),
    priority=3,
    authority=SATCHEL,
    columns=("id", "max_discount_percent", "free_of_charge", "above_list", "without_list_price"),
    since=2,
)
