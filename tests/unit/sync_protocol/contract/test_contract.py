"""The contract is complete: every declared collection, kind, field and choice is in it, with its words."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from marshmallow import Schema, fields

from sync_protocol.catalogue import COLLECTIONS, KINDS
from sync_protocol.contract import contract, missing_texts, rendered_contract
from sync_protocol.errors import ErrorCode
from sync_protocol.push import Status
from sync_protocol.submission import Decision, State
from sync_protocol.wording import TEXTS, Words
from tests.unit.sync_protocol.contract.declared import COOLERS, INSPECTION, TEXT_KEYS

BY_NAME = {item["name"]: item for item in [*contract()["collections"], *contract()["kinds"]]}
CHECK_WORDS = {
    "days",
    "months",
    "unique",
    "option",
    "unit_decimals",
    "any_of",
    "needed_above",
    "announced",
    "price",
}
PREFILL_WORDS = {"today", "month", "line_number", "copy", "first", "only", "revision", "price", "document"}


def declared_paths(schema: Schema, before: str = "") -> Iterator[str]:
    for name, declared in schema.fields.items():
        yield before + name
        inner = declared.inner if isinstance(declared, fields.List) else declared
        if isinstance(inner, fields.Nested):
            yield from declared_paths(inner.schema, f"{before}{name}.")


def paths(described: list[dict[str, Any]], before: str = "") -> Iterator[str]:
    for field in described:
        yield before + field["name"]
        value = field.get("item", field)
        yield from paths(value.get("fields", []), f"{before}{field['name']}.")


def texts(value: Any) -> Iterator[Mapping[str, str]]:
    """Yield every text in *value*."""
    if isinstance(value, dict):
        if value.keys() == {"en", "zh"}:
            yield value
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def test_every_text_that_the_contract_needs_is_declared() -> None:
    assert missing_texts() == []


def test_every_text_of_the_contract_is_there_in_both_languages() -> None:
    assert [text for text in texts(contract()) if not (text["en"].strip() and text["zh"].strip())] == []


@pytest.mark.parametrize(
    "declared", [*COLLECTIONS.values(), *KINDS.values()], ids=lambda declared: declared.name
)
def test_every_declared_field_is_in_the_contract(declared: Any) -> None:
    described = BY_NAME[declared.name]["fields"]
    assert list(paths(described)) == list(declared_paths(declared.schema()))


@pytest.mark.parametrize("name", COLLECTIONS)
def test_a_list_names_fields_that_exist(name: str) -> None:
    collection = BY_NAME[name]
    known = set(paths(collection["fields"]))
    named = {collection["title"], *collection["columns"], *collection["search"]}
    named |= {field for field, _ in collection["sort"]}
    if collection["parent"]:
        named.add(collection["parent"]["field"])
        assert collection["parent"]["collection"] in COLLECTIONS
    assert named - known == set()


@pytest.mark.parametrize("name", KINDS)
def test_a_form_names_fields_and_steps_that_exist(name: str) -> None:
    kind = BY_NAME[name]
    known = set(paths(kind["fields"]))
    assert {kind["title"], *kind["prefill"], *kind["options"]} - known == set()
    assert {step[0] for step in kind["prefill"].values()} <= PREFILL_WORDS
    assert {check["check"][0] for check in kind["checks"] + kind["approvals"]} <= CHECK_WORDS
    assert [check["name"] for check in kind["checks"] + kind["approvals"] if not check["reasons"]] == []
    referring = {path: field for path, field in fields_by_path(kind["fields"]).items() if "references" in field}
    for step in (*kind["prefill"].values(), *(["copy", *option] for option in kind["options"].values())):
        if step[0] in ("copy", "first"):
            collection = COLLECTIONS[referring[step[1]]["references"]]
            assert step[2] in set(declared_paths(collection.schema()))


def fields_by_path(described: list[dict[str, Any]], before: str = "") -> dict[str, dict[str, Any]]:
    by_path = {}
    for field in described:
        by_path[before + field["name"]] = field
        by_path |= fields_by_path(field.get("item", field).get("fields", []), f"{before}{field['name']}.")
    return by_path


def test_every_state_decision_result_and_code_has_its_words() -> None:
    described = contract()
    assert [state["name"] for state in described["states"]] == [state.value for state in State]
    assert [decision["name"] for decision in described["decisions"]] == [
        decision.value for decision in Decision
    ]
    assert [result["name"] for result in described["results"]] == [status.value for status in Status]
    assert [error["code"] for error in described["errors"]] == [code.code for code in ErrorCode]
    assert {state["group"] for state in described["states"]} == {"waiting", "attention", "settled"}


def test_the_version_changes_with_a_text_and_with_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    before = rendered_contract()
    assert rendered_contract() == before
    monkeypatch.setitem(TEXTS, "field.currency", Words("Currency", "货币"))
    after = rendered_contract()
    assert after.version != before.version
    assert "货币".encode() in after.body


def test_what_a_test_declares_is_there_without_a_word_about_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COLLECTIONS, "coolers", COOLERS)
    monkeypatch.setitem(KINDS, "inspection", INSPECTION)
    assert sorted(missing_texts()) == sorted(TEXT_KEYS)
    described = contract()
    [cooler] = [item for item in described["collections"] if item["name"] == "coolers"]
    [inspection] = [item for item in described["kinds"] if item["name"] == "inspection"]
    assert cooler["label"] == {"en": "coolers", "zh": "coolers"}
    assert cooler["help"]["en"] == "Coolers that we lend to customers."
    assert (cooler["title"], cooler["columns"]) == ("customer_id", ["model", "made_on", "working"])
    assert cooler["parent"] == {"collection": "customers", "field": "customer_id"}
    assert (inspection["title"], inspection["lines"]) == ("cooler_id", "lines")
    by_path = fields_by_path(inspection["fields"])
    assert by_path["lines.cost"] == {
        "name": "cost", "label": {"en": "cost", "zh": "cost"}, "required": True, "nullable": False,
        "type": "money", "most": "99", "currency": "currency",
    }  # fmt: skip
    assert by_path["lines.quantity"]["unit"] == "unit"
    assert by_path["lines.unit"]["references"] == "units"
    assert by_path["lines"]["item"]["type"] == "object"
    assert (by_path["lines"]["least"], by_path["lines"]["most"]) == (1, 3)
    assert by_path["condition"]["choices"][0] == {"value": "good", "label": {"en": "good", "zh": "good"}}
    assert by_path["share"]["default"] == "0"
    assert by_path["currency"]["label"] == {"en": "Currency", "zh": "币种"}
    types = {field.get("item", field)["type"] for field in by_path.values()} | {by_path["lines"]["type"]}
    assert types == set(described["types"]) - {"flag", "date"}


def test_the_texts_of_what_a_test_declares_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COLLECTIONS, "coolers", COOLERS)
    monkeypatch.setitem(KINDS, "inspection", INSPECTION)
    for key in TEXT_KEYS:
        monkeypatch.setitem(TEXTS, key, Words(f"{key} in English", f"{key} 中文"))
    assert missing_texts() == []
    [cooler] = [item for item in contract()["collections"] if item["name"] == "coolers"]
    assert cooler["item"] == {"en": "collection.coolers.item in English", "zh": "collection.coolers.item 中文"}
