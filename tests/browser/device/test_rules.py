"""The rules that are data, run by the browser device: the same cases as for every implementation."""

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

ROOT = Path(__file__).parents[3]
CASES: dict[str, Any] = json.loads((ROOT / "tests/contract/rules/cases.json").read_text())
RULES: dict[str, Any] = json.loads((ROOT / "docs/reference/rules.json").read_text())
BY_CODE = {"must have": "the amounts of a kind are checked by the fields of the contract"}
"""Beginnings of messages that no rule in rules.json gives."""


def test_each_document_breaks_the_rules_that_the_cases_say(page: Page) -> None:
    names = {
        (kind, rule.get("reason", rule["name"]))
        for kind, rules in RULES["kinds"].items()
        for rule in rules["rules"]
    }
    broken = page.evaluate(
        """({ cases, records, kinds, currencies }) => cases.map(({ kind, body, changed_records }) => {
            const find = (collection, key) =>
                changed_records[collection]?.[key] ?? records[collection]?.[key] ?? null;
            const decimals = currencies.decimals[body.currency] ?? currencies.usual_decimals;
            const known = { find, total: () => m.totals.totalOf(body, decimals) };
            const of = severity => [...m.rules.brokenRules(kinds[kind], severity, body, known)];
            const listed = faults => faults.map(({ code, field, message }) => [code, field, message]);
            const all = [...of("refusal"), ...of("warning")];
            const names = all.map(fault => fault.reason);
            return { faults: listed(of("refusal")), warnings: listed(of("warning")), names };
        })""",
        {"cases": CASES["cases"], "records": CASES["records"], **RULES},
    )
    for case, result in zip(CASES["cases"], broken, strict=True):
        expected = [fault for fault in case["faults"] if not fault[2].startswith(tuple(BY_CODE))]
        assert result["faults"] == expected, case["name"]
        if not case["faults"]:
            assert result["warnings"] == case["warnings"], case["name"]
    kinds = [case["kind"] for case in CASES["cases"]]
    broken_rules = {
        (kind, name) for kind, result in zip(kinds, broken, strict=True) for name in result["names"]
    }
    assert broken_rules == names, "every rule has a case that breaks it"


def test_totals_are_those_of_the_server(page: Page) -> None:
    totals = page.evaluate(
        """({ totals, currencies }) => totals.map(({ body }) =>
            m.totals.totalOf(body, currencies.decimals[body.currency] ?? currencies.usual_decimals))""",
        {"totals": CASES["totals"], **RULES},
    )
    assert totals == [case["total"] for case in CASES["totals"]]
