"""A text that must mean something is refused if it is blank, by the same rule on the device and the server."""

from typing import Any

import pytest

from sync_protocol.catalogue import KINDS
from sync_protocol.reference.json_schema import field_schema

BLANK = ("", " ", "\n\t", "\u00a0\u3000", "\u200b\ufeff", "\u3164")
ID = "01KB0000000000000000000001"
LINE = {"line_no": 1, "date": "2026-11-23", "category_id": "meals", "description": "Lunch", "amount": "5.00"}
CLAIM: dict[str, Any] = {"purpose": "Visit", "customer_id": "C1", "currency": "EUR", "lines": [LINE]}
REQUEST = {"submission_id": ID, "action": "change", "message": "Two more, please"}


@pytest.mark.parametrize("blank", BLANK)
@pytest.mark.parametrize(
    ("kind", "body", "field"),
    [
        ("change_request", lambda text: {**REQUEST, "message": text}, "message"),
        ("expense_claim", lambda text: {**CLAIM, "purpose": text}, "purpose"),
        (
            "expense_claim",
            lambda text: {**CLAIM, "lines": [{**LINE, "description": text}]},
            "lines[0].description",
        ),
    ],
)
def test_a_blank_text_is_refused_and_any_word_is_not(kind: str, body: Any, field: str, blank: str) -> None:
    [fault] = KINDS[kind].form_faults(body(blank))
    assert (fault.field, fault.message) == (field, "must not be empty")
    for text in ("x", "🛠", f"{blank}ok{blank}"):
        assert KINDS[kind].form_faults(body(text)) == []


def test_the_json_schema_says_that_a_text_must_not_be_blank() -> None:
    schema = field_schema(KINDS["change_request"].schema().fields["message"], "#/")
    assert (schema["minLength"], schema["allOf"]) == (1, [{"pattern": r"\S"}])
