"""Products, spare parts and promotional goods."""

from marshmallow import fields, validate

from sync_protocol.channel import everyone
from sync_protocol.collection import Collection, RecordSchema
from sync_protocol.fields import Choice, Flag, Key, Prose, Quantity, Search, Text
from sync_protocol.presentation import ListView


class ProductUnitSchema(RecordSchema):
    unit = Key(required=True, references="units")
    factor = Quantity(required=True, above="0", metadata={"factor": True})
    """How many base units of the product equal one of this unit."""


class ProductSchema(RecordSchema):
    id = Key(required=True)
    sku = Text(60, required=True, allow_none=True)
    name = Prose(200, required=True)
    kind = Choice("product", "spare_part", "promotional_good", required=True)
    group = Prose(80, required=True, allow_none=True)
    base_unit = Key(required=True, references="units")
    units = fields.List(fields.Nested(ProductUnitSchema), required=True, validate=validate.Length(min=1))
    """The units in which it is sold, the usual one first."""
    barcodes = fields.List(Text(60), required=True)
    active = Flag(required=True)
    sellable = Flag(required=True)
    fits = fields.List(Key(references="products"), required=True)
    """For a spare part: the products that it fits."""
    replaced_by = Key(required=True, allow_none=True, references="products")
    search = Search()


PRODUCTS = Collection(
    name="products",
    summary="Articles that can be ordered: products, spare parts and promotional goods.",
    schema=ProductSchema,
    channel=everyone(),
    priority=3,
    columns=("id", "sku", "name", "kind", "base_unit", "sellable"),
    view=ListView(search=("name", "sku", "barcodes", "search")),
)
