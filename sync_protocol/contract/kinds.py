"""Kinds of documents, as the contract describes them: fields, and rules that the phone checks at capture."""

from typing import Any

from marshmallow import fields as ma

from sync_protocol.check_rule import CheckRule
from sync_protocol.collection import Kind
from sync_protocol.contract import fields
from sync_protocol.contract.labels import Labels
from sync_protocol.rule import listed
from sync_protocol.validators import schema_instance


def described(kind: Kind, labels: Labels) -> dict[str, Any]:
    """Return the description of *kind*, with the keys that docs/contract.md has."""
    for reason in reasons(kind):
        labels.text(reason, f"reason.{reason}")
    name, declared = kind.name, schema_instance(kind.schema).fields
    return {
        "name": name,
        "label": labels.text(name, f"kind.{name}"),
        "help": labels.text(kind.summary, f"kind.{name}.help"),
        "since": kind.since,
        "destination": kind.destination,
        "title": kind.form.title or next(iter(declared), None),
        "lines": next((field for field, value in declared.items() if _is_lines(value)), None),
        "fields": fields.described(kind.schema, name, labels),
        "prefill": {path: listed(step) for path, step in kind.form.prefill.items()},
        "options": {path: list(option) for path, option in kind.form.options.items()},
        "records": {record: list(reference) for record, reference in kind.rules.records.items()},
        "rules": [
            {
                "name": rule.name, "severity": rule.severity, "code": rule.code.code, "field": rule.field,
                "when": listed(rule.when), "reason": rule.reason,
            }
            for rule in kind.rules.rules
        ],
        "checks": [_check(rule) for rule in kind.check_rules],
        "approvals": [_check(rule) for rule in kind.approval_rules],
    }  # fmt: skip


def reasons(kind: Kind) -> list[str]:
    """Return the codes of the sentences with which the rules of *kind* blame a document."""
    checks = (*kind.check_rules, *kind.approval_rules)
    return [rule.reason for rule in kind.rules.rules] + [code for rule in checks for code in rule.reasons]


def _check(rule: CheckRule) -> dict[str, Any]:
    return {
        "name": rule.name, "code": rule.code.code, "field": rule.field, "check": listed(rule.check),
        "reasons": list(rule.reasons),
    }  # fmt: skip


def _is_lines(declared: Any) -> bool:
    return isinstance(declared, ma.List) and isinstance(declared.inner, ma.Nested)
