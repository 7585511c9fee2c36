"""Field changes: one correction made in many bodies changes what it names, and nothing else."""

from typing import Any

import pytest

from backend.office.field_changes import FieldChange, corrected

BODY: dict[str, Any] = {
    "currency": "EUR",
    "delivery": {"street": "Main Street"},
    "lines": [
        {"unit": "KT", "free": True, "lots": ["A", "B", "A"]},
        {"unit": "pc", "free": 1},
        {"unit": "KT"},
    ],
}


@pytest.mark.parametrize(
    ("change", "changed", "expected"),
    [
        (FieldChange("currency", "EUR", "CHF"), 1, {"currency": "CHF"}),
        (FieldChange("currency", "USD", "CHF"), 0, {}),
        (
            FieldChange("delivery.street", "Main Street", "High Street"),
            1,
            {"delivery": {"street": "High Street"}},
        ),
        (FieldChange("lines[].unit", "KT", "CRT"), 2, {"lines": ["CRT", "pc", "CRT"]}),
        (FieldChange("lines[].absent", None, "x"), 0, {}),
        (FieldChange("lines.unit", "KT", "CRT"), 0, {}),
        (FieldChange("currency[]", "EUR", "CHF"), 0, {}),
    ],
)
def test_a_change_changes_the_values_it_names(
    change: FieldChange, changed: int, expected: dict[str, Any]
) -> None:
    new, count = corrected(BODY, [change])
    assert count == changed
    for name, value in expected.items():
        assert [line["unit"] for line in new[name]] == value if name == "lines" else new[name] == value
    if not changed:
        assert new == BODY


def test_elements_and_truth_values_are_compared_as_json() -> None:
    new, count = corrected(
        BODY, [FieldChange("lines[].free", True, False), FieldChange("lines[].lots[]", "A", "C")]
    )
    assert count == 3
    assert [line.get("free") for line in new["lines"]] == [False, 1, None]
    assert new["lines"][0]["lots"] == ["C", "B", "C"]


def test_the_original_is_not_changed() -> None:
    before = str(BODY)
    corrected(BODY, [FieldChange("lines[].unit", "KT", "CRT")])
    assert str(BODY) == before


def test_changes_are_made_in_their_order() -> None:
    swap = [FieldChange("lines[].unit", "KT", "x"), FieldChange("lines[].unit", "x", "pal")]
    assert [line["unit"] for line in corrected(BODY, swap)[0]["lines"]] == ["pal", "pc", "pal"]
