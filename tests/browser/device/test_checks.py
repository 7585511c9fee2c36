"""The checks that the contract declares, run by the browser device: it finds what the server finds."""

import copy
from fractions import Fraction
from typing import Any

import pytest
from playwright.sync_api import Page

from sync_protocol.catalogue import KINDS
from sync_protocol.contract import contract
from sync_protocol.conversion import exact_factor
from tests.contract.rules.test_cases import CASES, context, price_context

CONTRACT = contract()
RUN = """({ contract, cases, records, today }) => cases.map(({ kind, body, changed, limit, prices }) => {
    const find = (collection, key) => changed[collection]?.[key] ?? records[collection]?.[key] ?? null;
    const lists = Object.keys({ ...records.price_lists, ...changed.price_lists });
    const priceData = {
        limit,
        prices: (list, product) =>
            prices.filter(each => each.price_list_id === list && each.product_id === product),
        onlyList: lists.length === 1 ? lists[0] : null,
    };
    const declared = contract.kinds.find(({ name }) => name === kind);
    const { faults, warnings } = m.checks.checked(contract, declared, body, { find, today, priceData });
    const listed = all => all.map(({ code, field, message }) => [code, field, message]);
    return { faults: listed(faults), warnings: listed(warnings) };
})"""

ORDER = CASES["cases"][0]["body"]
LINE = ORDER["lines"][0]
CLAIM: dict[str, Any] = {
    "purpose": "Fair",
    "customer_id": "C1",
    "currency": "EUR",
    "lines": [
        {
            "line_no": 1,
            "date": "2026-11-23",
            "category_id": "meals",
            "description": "Lunch",
            "amount": "50.00",
            "receipts": [],
        }
    ],
}
FORECAST: dict[str, Any] = {
    "warehouse_id": "W1",
    "period": "2026-12",
    "revision": 1,
    "lines": [{"line_no": 1, "product_id": "P1", "quantity": "3", "unit": "pc"}],
}
STRICT = {
    "expense_categories": {
        "meals": {
            **CASES["records"]["expense_categories"]["meals"],
            "limit_per_line": "40",
            "receipt_above": "20",
        }
    }
}
KILOGRAMS = {"units": {"pc": {"id": "pc", "name": "Kilogram", "decimals": 2}}}


def changed(body: dict[str, Any], value: Any, *path: str | int) -> dict[str, Any]:
    """Return a copy of *body* with *value* at *path*."""
    copied: Any = copy.deepcopy(body)
    place = copied
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return copied


BROKEN: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("order", changed(ORDER, "2024-01-01", "order_date"), {}),
    ("order", changed(ORDER, "2026-12-24", "order_date"), {}),
    ("order", changed(ORDER, "2036-01-01", "requested_date"), {}),
    ("order", changed(ORDER, "2026-02-30", "order_date"), {}),
    ("order", changed(ORDER, [LINE, LINE], "lines"), {}),
    ("order", changed(ORDER, [], "lines"), {}),
    ("order", changed(ORDER, "1.5", "lines", 0, "quantity"), {}),
    ("order", changed(ORDER, "1.555", "lines", 0, "quantity"), KILOGRAMS),
    ("order", changed(ORDER, "0", "lines", 0, "quantity"), {}),
    ("order", changed(ORDER, "99999999", "lines", 0, "quantity"), {}),
    ("order", changed(ORDER, "two", "lines", 0, "quantity"), {}),
    ("order", changed(ORDER, None, "lines", 0, "unit_price"), {}),
    ("order", changed(ORDER, "101", "lines", 0, "discount_percent"), {}),
    ("order", changed(ORDER, "x" * 36, "customer_reference"), {}),
    ("order", changed(ORDER, "euro", "currency"), {}),
    ("order", changed(ORDER, "C9", "customer_id"), {}),
    ("order", changed(ORDER, "kg", "lines", 0, "unit"), {"units": {"kg": {"id": "kg", "name": "Kilogram"}}}),
    ("order", changed(ORDER, 0, "lines", 0, "line_no"), {}),
    ("expense_claim", changed(CLAIM, None, "customer_id"), {}),
    ("expense_claim", changed(CLAIM, "   ", "purpose"), {}),
    ("expense_claim", CLAIM, STRICT),
    ("expense_claim", changed(CLAIM, "JPY", "currency"), STRICT),
    ("expense_claim", changed(CLAIM, "0.125", "lines", 0, "amount"), {}),
    ("expense_claim", changed(CLAIM, "2025-01-01", "lines", 0, "date"), {}),
    ("expense_claim", changed(CLAIM, ["sha256:1"], "lines", 0, "receipts"), {}),
    ("forecast", changed(FORECAST, "2026-10", "period"), {}),
    ("forecast", changed(FORECAST, "2029-10", "period"), {}),
    ("forecast", changed(FORECAST, "2026-13", "period"), {}),
    ("forecast", changed(FORECAST, [*FORECAST["lines"], {**FORECAST["lines"][0], "line_no": 2}], "lines"), {}),
]


def run(page: Page, cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    given = {"contract": CONTRACT, "cases": cases, "records": CASES["records"], "today": CASES["today"]}
    answers: list[dict[str, Any]] = page.evaluate(RUN, given)
    return answers


def case(kind: str, body: dict[str, Any], records: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"kind": kind, "body": body, "changed": records, "limit": None, "prices": [], **more}


def test_the_device_finds_the_faults_that_the_server_finds(page: Page) -> None:
    answers = run(page, [case(*each) for each in BROKEN])
    for (kind, body, records), answer in zip(BROKEN, answers, strict=True):
        expected = KINDS[kind].faults(body, context(records))
        assert expected, (kind, body)
        named = [fault[:2] for fault in answer["faults"]]
        assert sorted(named) == sorted([fault.code.code, fault.field] for fault in expected), body
        # The server quotes values that it could not read.
        messages = [fault.message.replace("'", "") for fault in expected]
        assert sorted(fault[2] for fault in answer["faults"]) == sorted(messages), body


def test_the_device_finds_nothing_wrong_with_what_the_server_accepts(page: Page) -> None:
    accepted = [("order", ORDER, {}), ("expense_claim", CLAIM, {}), ("forecast", FORECAST, {})]
    assert [KINDS[kind].faults(body, context(records)) for kind, body, records in accepted] == [[], [], []]
    answers = run(page, [case(*each) for each in accepted])
    assert answers == [{"faults": [], "warnings": []}] * len(accepted)


def test_prices_wait_for_the_office_as_on_the_server(page: Page) -> None:
    cases = [
        case(
            "order",
            each["body"],
            {
                "units": {line["unit"]: {"id": line["unit"]} for line in each["body"]["lines"]},
                **each["records"],
            },
            limit=each["records"].get("price_limits", {}).get("R1"),
            prices=list(each["records"].get("prices", {}).values()),
        )
        for each in CASES["prices"]
    ]
    for given, answer in zip(CASES["prices"], run(page, cases), strict=True):
        expected = KINDS["order"].approvals(given["body"], price_context(given["records"]))
        assert [[f.code.code, f.field, f.message] for f in expected] == given["approvals"]
        warnings = [fault for fault in answer["warnings"] if fault[0] in PRICE_CODES]
        assert warnings == given["approvals"], given["name"]


PRICE_CODES = {rule.code.code for rule in KINDS["order"].approval_rules}

FACTORS = [
    "12",
    "0.083333",
    "0.333333",
    "0.666667",
    "0.453592",
    "0.142857",
    "0.5",
    "0.010101",
    "0.714286",
    "1.5",
]


@pytest.mark.parametrize("text", FACTORS)
def test_factors_are_read_as_on_the_server(page: Page, text: str) -> None:
    top, bottom = page.evaluate(
        "text => { const f = m.factors.exactFactor(text); return [`${f.top}`, `${f.bottom}`]; }", text
    )
    assert Fraction(int(top), int(bottom)) == exact_factor(text)
