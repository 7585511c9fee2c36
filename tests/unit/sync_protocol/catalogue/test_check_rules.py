"""The catalogue page lists every fault that a kind's check can yield, with its error code and field."""

import ast
import datetime as dt
import importlib
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

from sync_protocol.catalogue import KINDS, rules
from sync_protocol.check_rule import CheckRule
from sync_protocol.collection import CheckContext, Kind
from sync_protocol.reference.markdown import catalogue

ROOT = Path(__file__).parents[4]
CASES: dict[str, Any] = json.loads((ROOT / "tests/contract/rules/cases.json").read_text())
TODAY = dt.date.fromisoformat(CASES["today"])
KINDS_WITH_CHECK = [kind for kind in KINDS.values() if kind.check_rules]
OTHER_UNIT = {"id": "pair", "name": "Pair", "decimals": 0}
MORE = {
    "customers": {"addresses": [{"id": "A1"}]},
    "expense_categories": {"receipt_above": "90000.00", "limit_per_line": "90000.00", "currency": "KWD"},
}
"""Fields that the records of the cases have for these tests."""
Change = Callable[[dict[str, Any]], None]


def valid_body(kind: str) -> dict[str, Any]:
    """Return the body of a case of *kind* without faults."""
    case = next(c for c in CASES["cases"] if c["kind"] == kind and not c["faults"] and not c["changed_records"])
    body: dict[str, Any] = json.loads(json.dumps(case["body"]))
    return body


def faults_of(kind: str, body: dict[str, Any], needs: frozenset[str] = frozenset()) -> set[tuple[str, str]]:
    """Return (code, field) of each fault of *body*, with the line numbers left out."""

    def lookup(collection: str, key: str) -> Mapping[str, Any] | None:
        record = CASES["records"].get(collection, {}).get(key)
        return OTHER_UNIT if key == "pair" else record and {**record, **MORE.get(collection, {})}

    faults = KINDS[kind].faults(body, CheckContext(TODAY, lookup, needs))
    return {(fault.code.code, re.sub(r"\[\d+\]", "", fault.field)) for fault in faults}


def first_line(**fields: Any) -> Change:
    return lambda body: body["lines"][0].update(fields)


def same_line_twice(**fields: Any) -> Change:
    return lambda body: body["lines"].append({**body["lines"][0], **fields})


def with_fields(**fields: Any) -> Change:
    return lambda body: body.update(fields)


RECEIPT = "sha256:" + "0" * 64
BREAKS: dict[tuple[str, str], Change] = {
    ("order", "order_date"): with_fields(order_date="2001-01-01"),
    ("order", "requested_date"): with_fields(requested_date="2091-01-01"),
    ("order", "line_numbers"): same_line_twice(),
    ("order", "ship_to"): with_fields(ship_to_id="NOWHERE"),
    ("order", "sold_in_unit"): first_line(unit="pair"),
    ("order", "unit_decimals"): first_line(quantity="0.0001"),
    ("forecast", "period"): with_fields(period="2001-01"),
    ("forecast", "line_numbers"): same_line_twice(),
    ("forecast", "one_line_per_product"): same_line_twice(line_no=99),
    ("forecast", "sold_in_unit"): first_line(unit="pair"),
    ("forecast", "unit_decimals"): first_line(quantity="0.0001"),
    ("expense_claim", "customer_or_project"): with_fields(customer_id=None, project=None),
    ("expense_claim", "line_numbers"): same_line_twice(),
    ("expense_claim", "line_date"): first_line(date="2001-01-01"),
    ("expense_claim", "receipt_required"): first_line(amount="99999.00", receipts=[]),
    ("expense_claim", "justification"): first_line(amount="99999.00", justification=None),
    ("expense_claim", "receipt_announced"): first_line(receipts=[RECEIPT]),
}


def rule_of(kind: Kind, name: str) -> CheckRule:
    return next(rule for rule in kind.check_rules if rule.name == name)


@pytest.mark.parametrize(("kind", "name"), BREAKS)
def test_a_document_that_breaks_a_rule_has_the_fault_of_the_page(kind: str, name: str) -> None:
    rule = rule_of(KINDS[kind], name)
    body = valid_body(kind)
    fault = (rule.code.code, rule.field)
    assert fault not in faults_of(kind, body)
    BREAKS[kind, name](body)
    assert fault in faults_of(kind, body)


def test_every_rule_of_a_check_has_a_document_that_breaks_it() -> None:
    assert {(kind.name, rule.name) for kind in KINDS_WITH_CHECK for rule in kind.check_rules} == set(BREAKS)


@pytest.mark.parametrize("kind", KINDS_WITH_CHECK, ids=lambda kind: kind.name)
def test_the_page_lists_every_rule_of_a_check(kind: Kind) -> None:
    section = catalogue().split(f"\n### {kind.name}\n")[1].split("\n### ")[0]
    for rule in kind.check_rules:
        assert f"| {rule.name} | `{rule.field}` | `{rule.code.code}` | {rule.summary} |" in section


def test_a_check_makes_faults_only_through_declared_rules() -> None:
    """Then a fault that the page does not list cannot be yielded."""
    for path in sorted((ROOT / "sync_protocol/catalogue").glob("*.py")):
        calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        names = {call.id if isinstance(call, ast.Name) else getattr(call, "attr", "") for call in calls}
        assert not names & {"Fault", "_replace", "_make"}, f"{path.name} makes a fault without a rule"


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_a_kind_declares_each_rule_that_its_file_mentions(kind: Kind) -> None:
    module = importlib.import_module(f"sync_protocol.catalogue.{kind.name}")
    mentioned = {value for value in vars(module).values() if isinstance(value, CheckRule)}
    assert mentioned == set(kind.check_rules)
    assert bool(kind.check_rules) == (kind.check.__module__ != "sync_protocol.collection")


def test_a_shared_check_names_only_the_rules_that_it_is_given() -> None:
    names = {name for name, value in vars(rules).items() if isinstance(value, CheckRule)}
    functions = [value for value in vars(rules).values() if isinstance(value, FunctionType)]
    own = [function for function in functions if function.__module__ == rules.__name__]
    assert names and own
    for function in own:
        assert not names & set(function.__code__.co_names), f"{function.__name__} names a rule itself"
