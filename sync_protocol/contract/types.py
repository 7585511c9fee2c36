"""The types of fields: their names in the contract, and the patterns by which a phone checks them."""

from typing import Any

from marshmallow import fields

from sync_protocol.fields import (
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
    Quantity,
    ReceiptRef,
    Sha256,
    Text,
    Ulid,
)
from sync_protocol.wire_field import Pattern

_CLASSES: tuple[tuple[type[Any], str], ...] = (
    (Text, "text"),
    (Key, "key"),
    (Ulid, "ulid"),
    (Sha256, "sha256"),
    (Hash, "hash"),
    (ReceiptRef, "receipt"),
    (Instant, "instant"),
    (Date, "date"),
    (Period, "month"),
    (Price, "price"),
    (Money, "money"),
    (Quantity, "quantity"),
    (Percent, "percent"),
    (Currency, "currency"),
    (Country, "country"),
    (Choice, "choice"),
    (Count, "count"),
    (Flag, "flag"),
    (fields.List, "list"),
    (fields.Nested, "object"),
    (fields.Dict, "json"),
    (fields.Raw, "json"),
)
"""A class before the one from which it inherits."""
_WITHOUT_PATTERN = (Text, Choice)


def type_of(declared: fields.Field[Any]) -> str:
    """Return the name of the type of a field; raises TypeError for a class that the contract does not know."""
    for field_class, name in _CLASSES:
        if isinstance(declared, field_class):
            return name
    raise TypeError(f"no type of the contract for {type(declared).__name__}")


def _described(field_class: type[Any]) -> dict[str, str]:
    if not issubclass(field_class, Pattern):
        return {}
    error = {"error": field_class.code}
    return error if field_class in _WITHOUT_PATTERN else {"pattern": field_class.pattern.pattern, **error}


TYPES: dict[str, dict[str, str]] = {name: _described(field_class) for field_class, name in _CLASSES}
"""By type: `pattern`, which the whole value matches, and `error`, the code of the sentence if it does not."""
