"""A collection and a kind as a test declares them: each type of field, and nothing beside the fields."""

from marshmallow import fields

from sync_protocol.channel import follows
from sync_protocol.check_rule import CheckRule
from sync_protocol.collection import BodySchema, Collection, Kind, RecordSchema
from sync_protocol.errors import ErrorCode
from sync_protocol.fields import (
    Bounded,
    Choice,
    Count,
    Country,
    Currency,
    Date,
    Flag,
    Hash,
    Instant,
    Key,
    Money,
    Percent,
    Period,
    Price,
    Prose,
    Quantity,
    ReceiptRef,
    Sha256,
    Text,
    Ulid,
)


class CoolerSchema(RecordSchema):
    id = Key(required=True)
    customer_id = Key(required=True, references="customers")
    model = Prose(80, required=True)
    made_on = Date(required=True, allow_none=True)
    working = Flag(required=True)


COOLERS = Collection(
    name="coolers",
    summary="Coolers that we lend to customers.",
    schema=CoolerSchema,
    channel=follows("customers", via="customer_id"),
    priority=8,
)


class InspectionLineSchema(BodySchema):
    line_no = Count(required=True, least=1, most=9)
    found_fault = Text(300, required=True, blank=False)
    quantity = Quantity(required=True, above="0")
    unit = Key(required=True, references="units")
    cost = Money(required=True, most="99")
    rate = Price(load_default=None, allow_none=True)


class InspectionBodySchema(BodySchema):
    cooler_id = Key(required=True, references="coolers")
    condition = Choice("good", "broken", required=True)
    currency = Currency(required=True)
    country = Country(load_default=None, allow_none=True)
    seen_at = Instant(load_default=None, allow_none=True)
    month = Period(load_default=None, allow_none=True)
    share = Percent(load_default="0")
    photo = ReceiptRef(load_default=None, allow_none=True)
    earlier = Ulid(load_default=None, allow_none=True)
    proof = Sha256(load_default=None, allow_none=True)
    row = Hash(load_default=None, allow_none=True)
    extra = fields.Dict(load_default=None, allow_none=True)
    lines = Bounded(fields.Nested(InspectionLineSchema), least=1, most=3, required=True)


INSPECTION = Kind(
    name="inspection",
    summary="An inspection of a cooler.",
    schema=InspectionBodySchema,
    order_key=lambda body, rep: f"rep:{rep}",
    check_rules=(
        CheckRule(
            "seen_recently",
            ErrorCode.OUT_OF_RANGE,
            "seen_at",
            "Not too old.",
            ("days", 1, 1),
            ("seen_too_early",),
        ),
    ),
)

_OWN_FIELDS = {
    "coolers": ("model", "made_on", "working"),
    "inspection": (
        *("cooler_id", "condition", "seen_at", "month", "share", "photo", "earlier", "proof", "row"),
        *("extra", "lines.found_fault", "lines.cost", "lines.rate"),
    ),
}
TEXT_KEYS = (
    *("collection.coolers", "collection.coolers.item", "collection.coolers.help"),
    *("kind.inspection", "kind.inspection.help", "reason.seen_too_early"),
    *("choice.inspection.condition.good", "choice.inspection.condition.broken"),
    *(f"field.{owner}.{name}" for owner, names in _OWN_FIELDS.items() for name in names),
)
"""Every text that these declarations need and that no other declaration has."""
