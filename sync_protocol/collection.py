"""Declarations: what a collection of records is, and what a kind of submission is.

The catalogue holds one of these per file. Everything else reads them: validation at ingest and push,
scoping, feed order, the phone's field lists, JSON Schema, OpenAPI and the docs.
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
    """Base of record schemas: a field nobody declared is a mistake of the mapper and is refused."""

    class Meta:
        unknown = RAISE


class BodySchema(Schema):
    """Base of submission bodies: fields of a newer app are kept."""

    class Meta:
        unknown = INCLUDE


@dataclass(frozen=True)
class Collection:
    """A kind of replicated data."""

    name: str
    summary: str
    schema: type[RecordSchema]
    channel: ChannelRule
    priority: int
    """Order in which phones need it; 1 first."""
    key: str = "id"
    authority: Owner | Mapping[str, Owner] = ERP
    """Who owns the fields: one owner, or an owner per field where it is split."""
    volatile: tuple[str, ...] = ()
    """Fields that say when something was read; a record that differs in nothing else has not changed."""
    since: int = 1
    """The schema revision that introduced it; an app of an older revision is not sent it."""

    def faults(self, record: Any) -> list[Fault]:
        """Return what is wrong with *record* (a decoded JSON value); an empty list if nothing is."""
        return schema_faults(self.schema, record)

    def owner(self, field_name: str) -> Owner:
        """Return who owns *field_name*."""
        if isinstance(self.authority, str):
            return self.authority
        return self.authority.get(field_name, ERP)


class Lookup(Protocol):
    """How a check sees the records that the rep may cite."""

    def __call__(self, collection: str, key: str) -> Mapping[str, Any] | None:
        """Return the record (its last known fields, if it is gone by now), or None if it is not the rep's."""


@dataclass(frozen=True)
class CheckContext:
    """What a check may know beside the document: today's date on the server, and the rep's records."""

    today: dt.date
    lookup: Lookup
    needs: frozenset[str] = frozenset()
    """Receipts that the envelope announces, as `sha256:…`."""


Check = Callable[[Mapping[str, Any], CheckContext], Iterator[Fault]]


def _no_check(body: Mapping[str, Any], setting: CheckContext) -> Iterator[Fault]:
    return iter(())


Destination = Literal["erp", "inbox", "office"]
TO_ERP: Destination = "erp"
"""Forwarded to the ERP."""
INBOX: Destination = "inbox"
"""Done when it has arrived: it is about another document of the inbox."""
OFFICE: Destination = "office"
"""Put before the office."""


@dataclass(frozen=True)
class Total:
    """How the total of a document is computed, so that it can be compared with the ERP's."""

    of: Callable[[Mapping[str, Any]], Decimal]
    """body → its total, in the document's currency."""
    tolerance: Callable[[Mapping[str, Any]], Decimal] = field(default=lambda body: Decimal(0))
    """body → by how much the ERP's total may differ, because the ERP rounds."""

    def equals(self, body: Mapping[str, Any], other: Decimal) -> bool:
        """Say whether *other*, the ERP's total, equals that of *body*, apart from rounding."""
        return abs(self.of(body) - other) <= self.tolerance(body)


@dataclass(frozen=True)
class ErpRecord:
    """How the ERP's document is read back: as a record of a collection, whose key is the ERP's id."""

    collection: str
    decision: Callable[[Mapping[str, Any]], State | None]
    """record → ACCEPTED or CANCELLED once somebody in the ERP has decided; None while nobody has."""
    total: Callable[[Mapping[str, Any]], Decimal | None]
    """record → what `Kind.total` is compared with; None where the record does not say."""


@dataclass(frozen=True)
class Kind:
    """A kind of submission, with all that the server and the connectors need to know about it."""

    name: str
    summary: str
    schema: type[BodySchema]
    order_key: Callable[[Mapping[str, Any], str], str]
    """(body, rep id) → submissions with the same key reach the ERP one after another."""
    aggregated: bool = False
    """Many submissions share one document of the ERP, which holds the sum of the latest revisions."""
    check: Check = _no_check
    title: Callable[[Mapping[str, Any]], str] = field(default=lambda body: "")
    """One line that tells a person which document this is."""
    destination: Destination = TO_ERP
    """Where it goes once it has arrived."""
    total: Total | None = None
    """None: its total is not compared with the ERP's."""
    erp_record: ErpRecord | None = None
    """None: what the ERP does with it is not read back."""
    since: int = 1

    @property
    def has_own_document(self) -> bool:
        """Whether the ERP has one document for each submission, which it can be asked for by our key."""
        return self.destination == TO_ERP and not self.aggregated

    def form_faults(self, body: Any) -> list[Fault]:
        """Return what is wrong with the form of *body*, before anything it cites is looked up."""
        return schema_faults(self.schema, body)

    def references(self, body: Any) -> set[tuple[str, str]]:
        """Return the records (collection, key) that *body*, whose form is right, cites."""
        cited: set[tuple[str, str]] = set()

        def note(collection: str, key: str) -> Mapping[str, Any]:
            cited.add((collection, key))
            return {}

        list(_unknown(_citing(self.schema), body, note, ""))
        return cited

    def content_faults(self, body: Any, setting: CheckContext) -> list[Fault]:
        """Return what is wrong with *body*, whose form is right: what it cites, then the kind's own rules."""
        unknown = list(_unknown(_citing(self.schema), body, setting.lookup, ""))
        return unknown or list(self.check(body, setting))

    def faults(self, body: Any, setting: CheckContext) -> list[Fault]:
        """Return what is wrong with *body*: its form first, then its contents."""
        return self.form_faults(body) or self.content_faults(body, setting)


def schema_faults(schema: type[Schema], value: Any) -> list[Fault]:
    """Return what *schema* finds wrong with *value*, one fault a field."""
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
    """Turn marshmallow's nested messages into one fault a field, `lines[2].quantity`."""
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
    """Where what a schema describes cites records: its own fields, and the objects in it that do."""

    own: tuple[tuple[str, str], ...]
    """(field, collection)"""
    inside: tuple[tuple[str, bool, "_Citing"], ...]
    """(field, whether it holds a list of such objects, what they cite)"""


@cache
def _citing(schema: type[Schema]) -> _Citing:
    own, inside = [], []
    for name, declared in schema_instance(schema).fields.items():
        inner = declared.inner if isinstance(declared, ma.List) else declared
        if isinstance(inner, ma.Nested):
            inside.append((name, inner is not declared or bool(inner.many), _citing(type(inner.schema))))
        elif isinstance(declared, Key) and declared.references:
            own.append((name, declared.references))
    return _Citing(tuple(own), tuple(found for found in inside if found[2].own or found[2].inside))


def _unknown(citing: _Citing, value: Mapping[str, Any], lookup: Lookup, path: str) -> Iterator[Fault]:
    for name, collection in citing.own:
        cited = value.get(name)
        if cited is not None and lookup(collection, cited) is None:
            among = collection.replace("_", " ")
            yield Fault(ErrorCode.UNKNOWN_RECORD, path + name, f"{cited} is not among your {among}")
    for name, many, inner in citing.inside:
        found = value.get(name)
        if many:
            for n, item in enumerate(found or ()):
                yield from _unknown(inner, item, lookup, f"{path}{name}[{n}].")
        elif found is not None:
            yield from _unknown(inner, found, lookup, f"{path}{name}.")
