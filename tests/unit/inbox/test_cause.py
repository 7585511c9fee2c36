"""Causes: documents share one if and only if the same repair settles them."""

import pytest

from backend.inbox.cause import cause_of, class_in
from sync_protocol.errors import FaultJson

A, B = "01KB0000000000000000000001", "01KB0000000000000000000002"


@pytest.mark.parametrize(
    ("text", "other"),
    [
        (f"order {A}: unit KT is unknown", f"order {B}: unit KT is unknown"),
        ("1.00 left, 408.23 ordered for C0007", "2,50 left, 1.408,23 ordered for C0007"),
        ("closed since 2026-11-23", "closed since 2026-11-24T08:15:00+01:00"),
        ("lines[2].unit is unknown", "lines[11].unit is unknown"),
        (
            "line 6f9619ff-8b86-4d01-b42d-00cf4fc964ff: no account",
            "line 00000000-8b86-4d01-b42d-00cf4fc964ff: no account",
        ),
    ],
)
def test_what_differs_by_document_makes_no_other_cause(text: str, other: str) -> None:
    assert cause_of("reject_office", text) == cause_of("reject_office", other)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("unit KT is unknown", "unit PAL is unknown"),
        ("customer C0007 is blocked", "customer C0008 is blocked"),
        ("account 4711 is closed", "account 4712 is closed"),
        ("", "E4711"),
    ],
)
def test_what_must_be_repaired_makes_another_cause(text: str, other: str) -> None:
    assert cause_of("reject_office", text) != cause_of("reject_office", other)


def test_the_class_makes_another_cause_and_can_be_read_from_it() -> None:
    causes = {name: cause_of(name, "E4711") for name in ("reject_office", "config", "duplicate_bad")}
    assert len(set(causes.values())) == 3
    assert {class_in(cause) for cause in causes.values()} == set(causes)
    assert class_in(cause_of("approval", None)) == cause_of("approval", None) == "approval"


def test_the_faulty_field_makes_another_cause_and_its_line_does_not() -> None:
    def of(field: str) -> str:
        fault: FaultJson = {"code": "unit", "field": field, "message": "is not known"}
        return cause_of("reject_office", "E4711", [fault])

    assert of("lines[0].unit") == of("lines[7].unit") != of("lines[0].product_id")
