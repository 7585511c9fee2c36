"""Declarations of collections (of records) and of kinds (of submissions).

Each file of the catalogue contains one. Everything else reads them: validation at ingest and push, channels,
the order of the feed, the phone's field lists, JSON Schema, OpenAPI and the docs.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any, Literal, Protocol

from marshmallow import INCLUDE, RAISE, Schema, ValidationError
from marshmallow import fields as ma

from sync_protocol.channel import ChannelRule
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.fields import Key
from sync_protocol.submission import State
from sync_protocol.validators import compile_validator, schema_instance

Owner = Literal["erp", "field", "satchel"]
ERP: Owner = "erp"
FIELD: Owner = "field"
SATCHEL: Owner = "satchel"


class RecordSchema(Schema):
    """Base of record schemas. An undeclared field is a fault of the mapper and is refused."""

    class Meta:
        unknown = RAISE


class BodySchema(Schema):
    """Base of submission bodies. Fields of a newer app are kept."""

    class Meta:
        unknown = INCLUDE


@dataclass(frozen=True)
class Collection:
    """The declaration of one collection: a type of replicated records."""

    name: str
    summary: str
    schema: type[RecordSchema]
    channel: ChannelRule
    priority: int
    """The order in which phones need collections; 1 first."""
    key: str = "id"
    authority: Owner | Mapping[str, Owner] = ERP
    """The owner of all fields, or an owner per field (ERP for the others)."""
    volatile: tuple[str, ...] = ()
    """Fields with the time of a reading; a record that differs only in these has not changed."""
    since: int = 1
    """The schema revision that introduced it; an app of an older revision does not receive it."""

    def faults(self, record: Any) -> list[Fault]:
        """Return the faults of *record*, a decoded JSON value."""
        return schema_faults(self.schema, record)

    def owner(self, field_name: str) -> Owner:
        """Return the owner of *field_name*."""
        if isinstance(self.authority, str):
            return self.authority
        return self.authority.get(field_name, ERP)


class Lookup(Protocol):
    """Access of a check to the records that the rep may cite."""

    def __call__(self, collection: str, key: str) -> Mapping[str, Any] | None:
        """Return the record (its last known fields if it was deleted), or None if the rep may not cite it."""


@dataclass(frozen=True)
class CheckContext:
    """The input of a check beside the document: today's date, and the rep's records."""

    today: dt.date
    lookup: Lookup
    needs: frozenset[str] = frozenset()
    """The receipts in `needs` of the envelope, as `sha256:…`."""


Check = Callable[[Mapping[str, Any], CheckContext], Iterator[Fault]]


def _no_check(body: Mapping[str, Any], context: CheckContext) -> Iterator[Fault]:
    return iter(())


Destination = Literal["erp", "inbox", "office"]
TO_ERP: Destination = "erp"
"""Sent to the ERP."""
INBOX: Destination = "inbox"
"""Finished on arrival: it changes another document of the inbox."""
OFFICE: Destination = "office"
"""Parked for the office."""


@dataclass(frozen=True)
class Total:
    """How to compute the total of a document, to compare it with the ERP's total."""

    of: Callable[[Mapping[str, Any]], Decimal]
    """body → total, in the document's currency."""
    tolerance: Callable[[Mapping[str, Any]], Decimal] = field(default=lambda body: Decimal(0))
    """body → the allowed difference of the ERP's total, because the ERP rounds."""

    def equals(self, body: Mapping[str, Any], other: Decimal) -> bool:
        """Say whether *other*, the ERP's total, equals that of *body*, apart from rounding."""
        return abs(self.of(body) - other) <= self.tolerance(body)


@dataclass(frozen=True)
class ErpRecord:
    """How the ERP's document is read back: as a record of *collection* whose key is the ERP's id."""

    collection: str
    decision: Callable[[Mapping[str, Any]], State | None]
    """record → ACCEPTED or CANCELLED after a person in the ERP has decided; None before that."""
    total: Callable[[Mapping[str, Any]], Decimal | None]
    """record → the total to compare with `Kind.total`; None if the record has none."""


@dataclass(frozen=True)
class Kind:
    """A kind of submission, with all that the server and the connectors need to know about it."""

    name: str
    summary: str
    schema: type[BodySchema]
    order_key: Callable[[Mapping[str, Any], str], str]
    """(body, rep id) → key. Submissions with the same key are sent to the ERP one after another."""
    aggregated: bool = False
    """Many submissions share one document of the ERP, with the sum of the latest revisions."""
    check: Check = _no_check
    title: Callable[[Mapping[str, Any]], str] = field(default=lambda body: "")
    """body → one line by which a person recognises the document."""
    destination: Destination = TO_ERP
    """What happens after its arrival."""
    total: Total | None = None
    """None: its total is not compared with the ERP's."""
    erp_record: ErpRecord | None = None
    """None: the ERP's document is not read back."""
    since: int = 1

    @property
    def has_own_document(self) -> bool:
        """Whether the ERP has one document per submission, which can be found there by our key."""
        return self.destination == TO_ERP and not self.aggregated

    def form_faults(self, body: Any) -> list[Fault]:
        """Return the faults of *body* by its schema, without looking up the records that it cites."""
        return schema_faults(self.schema, body)

    def references(self, body: Any) -> set[tuple[str, str]]:
        """Return the records (collection, key) that *body*, valid by its schema, cites."""
        cited: set[tuple[str, str]] = set()

        def note(collection: str, key: str) -> Mapping[str, Any]:
            cited.add((collection, key))
            return {}

        list(_unknown(_citing(self.schema), body, note, ""))
        return cited

    def content_faults(self, body: Any, context: CheckContext) -> list[Fault]:
        """Return the faults of *body*, valid by its schema: unknown records first, then the kind's rules."""
        unknown = list(_unknown(_citing(self.schema), body, context.lookup, ""))
        return unknown or list(self.check(body, context))

    def faults(self, body: Any, context: CheckContext) -> list[Fault]:
        """Return the faults of *body*: those of `form_faults`, or else those of `content_faults`."""
        return self.form_faults(body) or self.content_faults(body, context)


def schema_faults(schema: type[Schema], value: Any) -> list[Fault]:
    """Return the faults that *schema* finds in *value*, one per field."""
    if not compile_validator(schema)(value):
        return []
    if not isinstance(value, dict):
        return [Fault(ErrorCode.FIELD_INVALID, "", "must be a JSON object")]
    try:
        schema_instance(schema).load(value)
    except ValidationError as error:
        return list(_flatten(error.messages, ""))
    return []


def _flatten(messages: Any, path: str) -> Iterator[Fault]:
    """Turn marshmallow's nested messages into one fault per field, with a path like `lines[2].quantity`."""
    if isinstance(messages, dict):
        for name, inner in messages.items():
            if name == "_schema":
                yield from _flatten(inner, path)
            elif isinstance(name, int):
                yield from _flatten(inner, f"{path}[{name}]")
            else:
                yield from _flatten(inner, f"{path}.{name}" if path else str(name))
        return
    for message in messages if isinstance(messages, list) else [messages]:
        if message in ("Missing data for required field.", "Field may not be null."):
            yield Fault(ErrorCode.FIELD_MISSING, path, "is required")
        elif message == "Unknown field.":
            yield Fault(ErrorCode.FIELD_INVALID, path, "is not a field of this record")
        else:
            yield Fault(ErrorCode.FIELD_INVALID, path, str(message))


@dataclass(frozen=True)
class _Citing:
    """The fields of a schema that cite records: its own, and those of nested objects."""

    own: tuple[tuple[str, str], ...]
    """(field, collection)"""
    inside: tuple[tuple[str, bool, "_Citing"], ...]
    """(field, whether it is a list of such objects, the citing fields of the objects)"""


@cache
def _citing(schema: type[Schema]) -> _Citing:
    own, inside = [], []
    for name, declared in schema_instance(schema).fields.items():
        inner = declared.inner if isinstance(declared, ma.List) else declared
        if isinstance(inner, ma.Nested):
            inside.append((name, inner is not declared or bool(inner.many), _citing(type(inner.schema))))
        elif isinstance(declared, Key) and declared.references:
            own.append((name, declared.references))
    return _Citing(tuple(own), tuple(nested for nested in inside if nested[2].own or nested[2].inside))


def _unknown(citing: _Citing, value: Mapping[str, Any], lookup: Lookup, path: str) -> Iterator[Fault]:
    for name, collection in citing.own:
        cited = value.get(name)
        if cited is not None and lookup(collection, cited) is None:
            among = collection.replace("_", " ")
            yield Fault(ErrorCode.UNKNOWN_RECORD, path + name, f"{cited} is not among your {among}")
    for name, many, inner in citing.inside:
        nested = value.get(name)
        if many:
            for n, item in enumerate(nested or ()):
                yield from _unknown(inner, item, lookup, f"{path}{name}[{n}].")
        elif nested is not None:
            yield from _unknown(inner, nested, lookup, f"{path}{name}.")
