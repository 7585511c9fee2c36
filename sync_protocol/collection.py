"""Declarations of collections (of records) and of kinds (of submissions).

Each file of the catalogue contains one. Everything else reads them: validation at ingest and push, channels,
the order of the feed, the phone's field lists, JSON Schema, OpenAPI and the docs.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from typing import Any, Literal, Protocol

from marshmallow import INCLUDE, RAISE, Schema, ValidationError

from sync_protocol.amounts import amount_faults
from sync_protocol.channel import ChannelRule
from sync_protocol.check_rule import CheckRule
from sync_protocol.citing import citing, unknown
from sync_protocol.citing_code import cited_refs, finds_all
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.json_types import Body, Record
from sync_protocol.limits import LIMITS
from sync_protocol.presentation import Form, ListView
from sync_protocol.price_check import PriceData
from sync_protocol.rule import REFUSAL, WARNING, Rules, Severity
from sync_protocol.sentence import sentence
from sync_protocol.submission import TITLE_CHARACTERS, State
from sync_protocol.validators import compile_validator, schema_instance

MAX_LOOKUP_KEY = 128
"""Characters of the database's columns for keys."""

Owner = Literal["erp", "field", "satchel"]
ERP: Owner = "erp"
FIELD: Owner = "field"
SATCHEL: Owner = "satchel"
FAULT_CHARACTERS = 4_000
"""Characters of the errors of one document, and of its warnings: paths and messages together."""


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
    found_by: tuple[str, ...] = ()
    """Fields, with keys, by whose values together the server finds its records (`lookup_key`)."""
    former_fields: tuple[str, ...] = ()
    """Fields whose former values the server keeps while a phone may still have them; empty: none."""
    columns: tuple[str, ...] = ()
    """Fields that distinguish its records in a table for people; empty: the first ones."""
    view: ListView = field(default_factory=ListView)
    """How an app lists its records."""
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


def lookup_key(values: Sequence[str]) -> str:
    """Return the key under which the server finds records by *values*; a key of the catalogue has no spaces."""
    text = " ".join(values)
    return text if len(text) <= MAX_LOOKUP_KEY else sha256(text.encode()).hexdigest()


class Lookup(Protocol):
    """Access of a check to the records that the rep may cite."""

    def __call__(self, collection: str, key: str) -> Record | None:
        """Return the record (its last known fields if it was deleted), or None if the rep may not cite it."""


@dataclass(frozen=True)
class CheckContext:
    """The input of a check beside the document: today's date, and the rep's records."""

    today: dt.date
    lookup: Lookup
    needs: frozenset[str] = frozenset()
    """The receipts in `needs` of the envelope, as `sha256:…`."""
    captured: dt.date | None = None
    """The date of the capture; None: today."""
    price_data: PriceData | None = None
    """The limit of the rep and the prices; None: prices are not checked."""


Check = Callable[[Body, CheckContext], Iterator[Fault]]


def _no_check(body: Body, context: CheckContext) -> Iterator[Fault]:
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

    of: Callable[[Body], Decimal]
    """body → total, in the document's currency."""
    tolerance: Callable[[Body], Decimal] = field(default=lambda body: Decimal(0))
    """body → the allowed difference of the ERP's total, because the ERP rounds."""

    def equals(self, body: Body, other: Decimal) -> bool:
        """Say whether *other*, the ERP's total, equals that of *body*, apart from rounding."""
        return abs(self.of(body) - other) <= self.tolerance(body)


@dataclass(frozen=True)
class ErpRecord:
    """How the ERP's document is read back: as a record of *collection* whose key is the ERP's id."""

    collection: str
    decision: Callable[[Record], State | None]
    """record → ACCEPTED or CANCELLED after a person in the ERP has decided; None before that."""
    total: Callable[[Record], Decimal | None]
    """record → the total to compare with `Kind.total`; None if the record has none."""


@dataclass(frozen=True)
class Kind:
    """A kind of submission, with all that the server and the connectors need to know about it."""

    name: str
    summary: str
    schema: type[BodySchema]
    order_key: Callable[[Body, str], str]
    """(body, rep id) → key. Submissions with the same key are sent to the ERP one after another."""
    aggregated: bool = False
    """Many submissions share one document of the ERP, with the sum of the latest revisions."""
    check: Check = _no_check
    """Enforces the rules that data cannot express; the others are in `rules`."""
    check_rules: tuple[CheckRule, ...] = ()
    """Every rule whose faults `check` may yield, for the catalogue page."""
    rules: Rules = field(default_factory=Rules)
    approval_check: Check = _no_check
    """Finds what the rep may not decide alone; a document with such faults waits for the office."""
    approval_rules: tuple[CheckRule, ...] = ()
    """Every rule whose faults `approval_check` may yield."""
    price_lookups: Callable[[Body], set[tuple[str, str]]] = field(default=lambda body: set())
    """body → the (price list, product) whose prices `approval_check` reads."""
    title: Callable[[Body, Lookup], str] = field(default=lambda body, lookup: "")
    """(body, the rep's records) → the words by which a person recognises the document: names, not keys.

    Use `title_for`, which limits it to one line.
    """
    destination: Destination = TO_ERP
    """What happens after its arrival."""
    total: Total | None = None
    """None: its total is not compared with the ERP's."""
    erp_record: ErpRecord | None = None
    """None: the ERP's document is not read back."""
    form: Form = field(default_factory=Form)
    """How an app captures it."""
    since: int = 1

    @property
    def has_own_document(self) -> bool:
        """Whether the ERP has one document per submission, which can be found there by our key."""
        return self.destination == TO_ERP and not self.aggregated

    def title_for(self, body: Body, lookup: Lookup) -> str:
        """Return the title of *body*, valid by its schema: one line of at most `TITLE_CHARACTERS`."""
        return " ".join(self.title(body, lookup).split())[:TITLE_CHARACTERS]

    def form_faults(self, body: Any) -> list[Fault]:
        """Return the faults of *body* by its schema, without looking up the records that it cites."""
        return schema_faults(self.schema, body) or first_faults(amount_faults(self.schema, body))

    def references(self, body: Any) -> set[tuple[str, str]]:
        """Return the records (collection, key) that *body*, valid by its schema, cites."""
        return cited_refs(self.schema)(body)

    def content_faults(self, body: Any, context: CheckContext) -> list[Fault]:
        """Return the faults of *body*, valid by its schema: unknown records first, then the kind's rules."""
        if not finds_all(self.schema)(body, context.lookup):
            return first_faults(list(unknown(citing(self.schema), body, context.lookup, "")))
        return first_faults([*self.check(body, context), *self._rule_faults(REFUSAL, body, context)])

    def warnings(self, body: Any, context: CheckContext) -> list[Fault]:
        """Return what the rep should know about *body*, which has no faults: it is accepted nevertheless."""
        return first_faults(list(self._rule_faults(WARNING, body, context)))

    def approvals(self, body: Any, context: CheckContext) -> list[Fault]:
        """Return why *body*, which has no faults, waits for the office. The phone shows these as warnings."""
        return first_faults(list(self.approval_check(body, context)))

    def _rule_faults(self, severity: Severity, body: Any, context: CheckContext) -> Iterator[Fault]:
        def total() -> Decimal:
            return self.total.of(body) if self.total else Decimal(0)

        return self.rules.faults(severity, body, context.lookup, total)

    def faults(self, body: Any, context: CheckContext) -> list[Fault]:
        """Return the faults of *body*: those of `form_faults`, or else those of `content_faults`."""
        return self.form_faults(body) or self.content_faults(body, context)


def schema_faults(schema: type[Schema], value: Any) -> list[Fault]:
    """Return the faults that *schema* finds in *value*, one per field."""
    if not compile_validator(schema)(value):
        return []
    if not isinstance(value, dict):
        return [Fault(ErrorCode.FIELD_INVALID, "", sentence("json_object"))]
    try:
        schema_instance(schema).load(value)
    except ValidationError as error:
        return first_faults(list(_flatten(error.messages, "")))
    return []


def first_faults(faults: Sequence[Fault]) -> list[Fault]:
    """Return *faults*; of more than `LIMITS.faults`, or of very long ones, the first, and how many follow.

    Each line of a document may break several rules, and nobody reads thousands of messages about it.
    """
    if not faults:
        return []
    room = FAULT_CHARACTERS
    for n, fault in enumerate(faults):
        room -= len(fault.field) + len(fault.message)
        if (n == LIMITS.faults - 1 and len(faults) > LIMITS.faults) or (room < 0 < n):
            return [*faults[:n], Fault(fault.code, "", sentence("more_faults", count=len(faults) - n))]
    return list(faults)


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
            yield Fault(ErrorCode.FIELD_MISSING, path, sentence("required"))
        elif message == "Unknown field.":
            yield Fault(ErrorCode.FIELD_INVALID, path, sentence("unknown_field"))
        else:
            yield Fault(ErrorCode.FIELD_INVALID, path, message)
