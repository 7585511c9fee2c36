"""Customers."""

from marshmallow import fields, validate

from sync_protocol.channel import by_field
from sync_protocol.collection import ERP, FIELD, Collection, RecordSchema
from sync_protocol.fields import Choice, Country, Currency, Flag, Key, Prose, Search, Text
from sync_protocol.presentation import ListView


class AddressSchema(RecordSchema):
    id = Key(required=True)
    name = Prose(120, required=True, allow_none=True)
    uses = fields.List(Choice("delivery", "invoice", "visit"), required=True)
    lines = fields.List(Prose(200), required=True, validate=validate.Length(max=6))
    city = Prose(120, required=True, allow_none=True)
    region = Prose(80, required=True, allow_none=True)
    postal_code = Text(20, required=True, allow_none=True)
    country = Country(required=True, allow_none=True)


class CustomerSchema(RecordSchema):
    id = Key(required=True)
    number = Text(40, required=True, allow_none=True)
    """The customer number that people use."""
    name = Prose(200, required=True)
    kind = Choice("organisation", "person", required=True)
    status = Choice("prospect", "active", "blocked", "closed", required=True)
    block_order = Flag(required=True)
    block_delivery = Flag(required=True)
    territory = Key(required=True, allow_none=True)
    group = Prose(80, required=True, allow_none=True)
    tax_id = Text(40, required=True, allow_none=True)
    language = Text(8, required=True, allow_none=True)
    currency = Currency(required=True, allow_none=True)
    price_list_id = Key(required=True, allow_none=True, references="price_lists")
    payment_term = Prose(80, required=True, allow_none=True)
    addresses = fields.List(fields.Nested(AddressSchema), required=True)
    notes = Prose(4000, required=True, allow_none=True)
    replaced_by = Key(required=True, allow_none=True, references="customers")
    """The customer into which this one was merged."""
    search = Search()


CUSTOMERS = Collection(
    name="customers",
    summary="Customers that a rep may visit, with their addresses.",
    schema=CustomerSchema,
    channel=by_field("territory"),
    priority=2,
    authority={
        "number": ERP,
        "tax_id": ERP,
        "payment_term": ERP,
        "price_list_id": ERP,
        "status": ERP,
        "block_order": ERP,
        "block_delivery": ERP,
        "notes": FIELD,
    },
    former_fields=("id", "price_list_id"),
    columns=("id", "number", "name", "status", "territory"),
    view=ListView(search=("name", "number", "addresses.city", "search")),
)
