"""Units of measure."""

from sync_protocol.channel import everyone
from sync_protocol.collection import Collection, RecordSchema
from sync_protocol.fields import Count, Key, Prose, Quantity, Text


class UnitSchema(RecordSchema):
    id = Key(required=True)
    name = Prose(80, required=True)
    symbol = Text(20, required=True)
    category = Text(80, required=True)
    """Units of the same category can be converted into each other."""
    factor = Quantity(required=True, above="0")
    """How many base units of the category equal one of this unit."""
    decimals = Count(required=True, most=6)
    """Decimals that a quantity in this unit may have; 0: whole numbers only."""


UNITS = Collection(
    name="units",
    summary="Units of measure, with their factor to the base unit and the allowed decimals.",
    schema=UnitSchema,
    channel=everyone(),
    priority=1,
)
