"""docs/conformance.md lists every rule, and each rule leads to a place that is there."""

import re
from pathlib import Path
from typing import Any

import pytest

from sync_protocol.conformance import device, server
from sync_protocol.conformance.rule import Rule
from sync_protocol.conformance.rules_table import with_tables

ROOT = Path(__file__).parents[3]
RULES = [*device.RULES, *server.RULES]
PAGE = (ROOT / "docs/conformance.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("number", "rule"), RULES, ids=lambda value: value if isinstance(value, str) else value.name
)
def test_each_rule_is_listed_and_explained(number: str, rule: Rule[Any]) -> None:
    assert f"| {number} `{rule.name}` | {rule.summary} | [" in PAGE
    page, _, anchor = rule.page.partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(encoding="utf-8"), re.M)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    assert not anchor or anchor in anchors


def test_the_tables_are_those_of_the_rules() -> None:
    assert with_tables(PAGE) == PAGE, "run `make reference`"
    assert with_tables(PAGE.replace("| S1 `enrol`", "| S2 `enrol`")) == PAGE


def test_names_are_unique() -> None:
    for rules in (device.RULES, server.RULES):
        names = [rule.name for _, rule in rules]
        assert len(set(names)) == len(names)
