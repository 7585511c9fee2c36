"""Contacts."""

from marshmallow import fields, validate

from sync_protocol.channel import follows
from sync_protocol.collection import FIELD, Collection, RecordSchema
from sync_protocol.fields import Choice, Key, Prose, Search, Text
from sync_protocol.presentation import ListView


class PhoneSchema(RecordSchema):
    kind = Choice("phone", "mobile", "fax", required=True)
    number = Text(40, required=True)


class ContactSchema(RecordSchema):
    id = Key(required=True)
    customer_id = Key(required=True, references="customers")
    name = Prose(200, required=True, allow_none=True)
    """Null if the ERP has a phone number or e-mail address but no person."""
    role = Prose(120, required=True, allow_none=True)
    phones = fields.List(fields.Nested(PhoneSchema), required=True, validate=validate.Length(max=50))
    emails = fields.List(Text(254), required=True, validate=validate.Length(max=50))
    search = Search()


CONTACTS = Collection(
    name="contacts",
    summary="Contact persons of customers, with phone numbers and e-mail addresses.",
    schema=ContactSchema,
    channel=follows("customers", via="customer_id"),
    priority=2,
    authority=FIELD,
    columns=("id", "customer_id", "name", "role", "emails"),
    view=ListView(search=("name", "phones.number", "emails", "search")),
)
