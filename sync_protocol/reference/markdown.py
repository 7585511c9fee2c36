"""The error table and the catalogue as Markdown, and the rules as JSON."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from marshmallow import Schema, fields

from sync_protocol.catalogue import COLLECTIONS, KINDS
from sync_protocol.channel import ByField, Everyone, Follows
from sync_protocol.check_rule import CheckRule
from sync_protocol.collection import Collection, Kind
from sync_protocol.currency import DECIMALS, USUAL_DECIMALS
from sync_protocol.errors import ErrorCode
from sync_protocol.fields import Choice, Count, Key
from sync_protocol.reference.json_schema import name_of, nested
from sync_protocol.reference.notes import field_notes, summary
from sync_protocol.rule import REFUSAL
from sync_protocol.submission import MOVES, State
from sync_protocol.wire_field import Pattern

GENERATED = "<!-- Generated: `python -m backend.api.reference docs/reference`. Edit the declarations. -->\n"


def errors() -> str:
    """Return `errors.md`: every code, its meaning, and what the device should do."""
    envelope = [code for code in ErrorCode if code.status]
    inside = [code for code in ErrorCode if not code.status]
    lines = [
        GENERATED,
        "# Error codes",
        "",
        "## Of a whole request",
        "",
        "Sent as problem details (RFC 9457, `application/problem+json`).",
        "The member `code` has the code, and the header `Satchel-Error` repeats it.",
        "",
        *_table(
            ("code", "status", "meaning", "what the device should do"),
            ((f"`{c.code}`", str(c.status), c.title, c.action) for c in envelope),
        ),
        "",
        "## Of one submission or field",
        "",
        "Sent in `errors` of a push result or of a problem.",
        "Each has the path of its field, such as `lines[2].quantity`.",
        "",
        *_table(
            ("code", "meaning", "what the device should do"),
            ((f"`{c.code}`", c.title, c.action) for c in inside),
        ),
    ]
    return _page(lines)


def catalogue() -> str:
    """Return `catalogue.md`: every collection and kind with its fields."""
    lines = [
        GENERATED,
        "# Catalogue",
        "",
        "Devices receive records of collections, listed in the order in which devices need them.",
        "They send documents, each of one kind.",
        "A record always has every field; a document may leave out the fields that are not needed.",
        "",
        "## Collections",
        "",
        *_table(
            ("collection", "priority", "channel", "what it is"),
            ((f"[{c.name}](#{c.name})", str(c.priority), _channel(c), c.summary) for c in COLLECTIONS.values()),
        ),
    ]
    for collection in COLLECTIONS.values():
        lines += ["", f"### {collection.name}", "", *_collection(collection)]
    lines += [
        "",
        "## Kinds of submission",
        "",
        "Three rules hold for every kind.",
        "A field is as its table says (`field_missing`, `field_invalid`).",
        "Each key is that of a record that the rep has (`unknown_record`).",
        "Each amount has at most the decimals of its currency (`out_of_range`).",
        "The rules below hold for one kind each.",
        "",
    ]
    for kind in KINDS.values():
        lines += [f"### {kind.name}", "", *_kind(kind), ""]
    lines += ["## States of a submission", "", *_states()]
    return _page(lines)


def _collection(collection: Collection) -> Iterator[str]:
    yield from (collection.summary, f"Channel: {_channel(collection)}.", f"Key: `{collection.key}`.")
    if collection.volatile:
        yield f"A change of only {', '.join(f'`{name}`' for name in collection.volatile)} is not sent."
    yield ""
    owners = {name: collection.owner(name) for name in collection.schema().fields}
    yield from _fields(collection.schema, owners)
    yield from _inner(collection.schema)


def _kind(kind: Kind) -> Iterator[str]:
    yield kind.summary
    if kind.aggregated:
        yield "Many submissions share one document of the ERP."
    yield "The fields of `body`:"
    yield ""
    yield from _fields(kind.schema, None)
    yield from _inner(kind.schema)
    if kind.check_rules:
        yield ""
        yield "The kind's own rules, for the phone at capture and for the server at push."
        yield "A document that breaks one is refused:"
        yield ""
        yield from _check_rules(kind.check_rules)
    if kind.approval_rules:
        yield ""
        yield "What the rep may not decide alone, for both too."
        yield "The phone warns, and the server parks a document that breaks one until the office decides:"
        yield ""
        yield from _check_rules(kind.approval_rules)
    if kind.rules.rules:
        yield ""
        yield "Rules of the kind that are data, for both too ([as JSON](rules.json)):"
        yield ""
        yield from _rules(kind)


def _check_rules(rules: Sequence[CheckRule]) -> Iterator[str]:
    return _table(
        ("rule", "field", "code", "requires"),
        ((rule.name, f"`{rule.field}`", f"`{rule.code.code}`", rule.summary) for rule in rules),
    )


def _rules(kind: Kind) -> Iterator[str]:
    return _table(
        ("rule", "field", "what happens", "code", "message"),
        (
            (
                rule.name,
                f"`{rule.field}`",
                "refused" if rule.severity == REFUSAL else "accepted, with a warning",
                f"`{rule.code.code}`",
                rule.message,
            )
            for rule in kind.rules.rules
        ),
    )


def rules_json() -> str:
    """Return `rules.json`: the rules of each kind and the decimals of currencies, for an app to run."""
    content = {
        "currencies": {"usual_decimals": USUAL_DECIMALS, "decimals": dict(sorted(DECIMALS.items()))},
        "kinds": {kind.name: kind.rules.as_json() for kind in KINDS.values() if kind.rules.rules},
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _inner(schema: type[Schema]) -> Iterator[str]:
    for inner in nested(schema):
        yield ""
        yield f"`{name_of(inner)}`" + (f": {summary(inner)}" if summary(inner) else "")
        yield ""
        yield from _fields(inner, None)
        yield from _inner(inner)


def _fields(schema: type[Schema], owners: Mapping[str, str] | None) -> Iterator[str]:
    notes = field_notes(schema)
    middle = ("may be null", "owner") if owners else ("needed",)
    rows = []
    for name, declared in schema().fields.items():
        cells = [f"`{name}`", describe(declared)]
        if owners:
            cells += ["yes" if declared.allow_none else "", owners[name]]
        else:
            cells.append("yes" if declared.required and not declared.allow_none else "")
        rows.append((*cells, notes.get(name, "")))
    return _table(("field", "value", *middle, "meaning"), rows)


def describe(declared: fields.Field[Any]) -> str:
    """Return a phrase that describes the value of a field."""
    match declared:
        case fields.List():
            return f"list of: {describe(declared.inner)}"
        case fields.Nested():
            return f"`{name_of(type(declared.schema))}`"
        case Key() if declared.references:
            return f"key of [{declared.references}](#{declared.references})"
        case Choice():
            return "one of " + ", ".join(f"`{choice}`" for choice in declared.choices)
        case Pattern():
            return declared.expected
        case Count():
            return f"whole number from {declared.least} to {declared.most}"
        case fields.Boolean():
            return "true or false"
        case fields.Dict():
            return "object"
    return "any JSON value"


def _states() -> Iterator[str]:
    return _table(
        ("state", "may become"),
        ((f"`{s}`", ", ".join(f"`{t}`" for t in State if t in MOVES[s]) or "(final)") for s in State),
    )


def _channel(collection: Collection) -> str:
    match collection.channel:
        case Everyone():
            return "`everyone`"
        case ByField(field, dimension):
            return f"`{dimension}:<{field}>`"
        case Follows(parent, via):
            return f"that of its record of {parent} (`{via}`)"
    raise TypeError(collection.channel)


def _table(heading: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield "| " + " | ".join(heading) + " |"
    yield "|" + "---|" * len(heading)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"


def _page(lines: list[str]) -> str:
    return "\n".join(lines).rstrip() + "\n"
