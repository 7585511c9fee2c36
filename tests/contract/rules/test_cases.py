"""The cases of the rules: the same file is for every implementation, this one and that of an app."""

import dataclasses
import datetime as dt
import json
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sync_protocol.catalogue import COLLECTIONS, KINDS
from sync_protocol.catalogue.order import ORDER
from sync_protocol.collection import CheckContext
from sync_protocol.condition import Condition
from sync_protocol.errors import Fault
from sync_protocol.price_check import PriceData

CASES: dict[str, Any] = json.loads((Path(__file__).parent / "cases.json").read_text())


def context(changed: Mapping[str, Mapping[str, Any]]) -> CheckContext:
    def lookup(collection: str, key: str) -> Mapping[str, Any] | None:
        records = {**CASES["records"].get(collection, {}), **changed.get(collection, {})}
        return records.get(key)

    return CheckContext(dt.date.fromisoformat(CASES["today"]), lookup)


def price_context(changed: Mapping[str, Mapping[str, Any]]) -> CheckContext:
    """Return the context of a case of `prices`: the records of all cases and its own; the rep is R1."""
    given = context(changed)
    limit = given.lookup("price_limits", "R1")
    lists = {**CASES["records"]["price_lists"], **changed.get("price_lists", {})}

    def prices(price_list: str, product: str) -> list[Mapping[str, Any]]:
        key = (price_list, product)
        return [p for p in changed["prices"].values() if (p["price_list_id"], p["product_id"]) == key]

    if limit is None:
        return given
    data = PriceData(limit, prices, only_list=lambda: next(iter(lists)) if len(lists) == 1 else None)
    return dataclasses.replace(given, price_data=data)


def listed(faults: list[Fault]) -> list[list[str]]:
    return [[fault.code.code, fault.field, fault.message] for fault in faults]


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: case["name"])
def test_a_document_has_exactly_these_faults_and_warnings(case: dict[str, Any]) -> None:
    kind, given = KINDS[case["kind"]], context(case["changed_records"])
    assert listed(kind.faults(case["body"], given)) == case["faults"]
    if not case["faults"]:
        assert listed(kind.warnings(case["body"], given)) == case["warnings"]


@pytest.mark.parametrize(
    "case", CASES["totals"], ids=lambda case: f"{case['total']} {case['body']['currency']}"
)
def test_an_order_comes_to_exactly_this_total(case: dict[str, Any]) -> None:
    total = KINDS["order"].total
    assert total is not None
    assert str(total.of(case["body"])) == case["total"]


@pytest.mark.parametrize("case", CASES["prices"], ids=lambda case: case["name"])
def test_an_order_waits_for_the_office_for_exactly_these_prices(case: dict[str, Any]) -> None:
    for collection, records in case["records"].items():
        if collection in ("prices", "price_limits"):
            assert [COLLECTIONS[collection].faults(record) for record in records.values()] == [[]] * len(
                records
            )
    assert ORDER.form_faults(case["body"]) == []
    assert listed(ORDER.approvals(case["body"], price_context(case["records"]))) == case["approvals"]


def test_every_rule_about_prices_has_a_case_that_breaks_it() -> None:
    broken = {
        (code, re.sub(r"\[\d+\]", "", field))
        for case in CASES["prices"]
        for code, field, _ in case["approvals"]
    }
    assert {(rule.code.code, rule.field) for rule in ORDER.approval_rules} == broken


def test_every_rule_has_a_case_that_breaks_it() -> None:
    broken = {
        (case["kind"], code, field.replace("lines[0]", "lines").replace("lines[1]", "lines"))
        for case in CASES["cases"]
        for code, field, _ in [*case["faults"], *case["warnings"]]
    }
    declared = {(kind.name, rule.code.code, rule.field) for kind in KINDS.values() for rule in kind.rules.rules}
    assert declared - broken == set()


def paths(condition: Condition) -> set[str]:
    word, *arguments = condition
    if word in ("all", "any", "not"):
        return {path for inner in arguments for path in paths(inner)}
    if word == "exceeds":
        return {*arguments[0], arguments[1]}
    return {arguments[0]} if word in ("equals", "zero") else set(arguments)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_path_of_a_rule_is_a_declared_field(kind: Any) -> None:
    """A misspelled path would be null, and a rule about null is never broken."""
    body = kind.schema()
    fields = {"line": set(body.fields["lines"].inner.schema.fields) if "lines" in body.fields else set()}
    for name, (collection, key) in kind.rules.records.items():
        fields[name] = set(COLLECTIONS[collection].schema().fields)
        of_line = key.removeprefix("line.")
        assert of_line in (fields["line"] if of_line != key else body.fields)
    for rule in kind.rules.rules:
        cited = set(re.findall(r"\{([a-z_.]+)\}", rule.message))
        for path in paths(rule.when) | cited | {rule.field.replace("lines.", "line.")}:
            name, dot, inner = path.partition(".")
            known = fields[name] if dot else {*body.fields, "total"}
            assert (inner or name) in known, (rule.name, path)


def test_total_is_a_number_with_the_decimals_of_its_currency() -> None:
    assert {Decimal(case["total"]).as_tuple().exponent for case in CASES["totals"]} == {0, -2, -3}
