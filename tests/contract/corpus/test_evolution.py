"""Today's catalogue and wire take and give whatever those of each released revision did."""

import copy
from typing import Any

import pytest

from backend.api.openapi.document import schemas
from backend.api.routes import ROUTES
from sync_protocol.reference.json_schema import definitions
from tests.contract.corpus import corpus
from tests.contract.corpus.evolution import breaks

FIRST: dict[str, Any] = corpus.read(1, "catalogue")


@pytest.mark.parametrize("revision", corpus.revisions())
def test_the_protocol_removes_renames_retypes_and_newly_requires_nothing(revision: int) -> None:
    assert breaks(corpus.read(revision, "catalogue"), definitions(schemas(ROUTES))) == []


def changed(**changes: Any) -> dict[str, Any]:
    """Return revision 1 with changed properties: `OrderBody__notes={…}`; None takes one away."""
    now = copy.deepcopy(FIRST)
    for path, value in changes.items():
        name, _, field = path.partition("__")
        properties = now[name]["properties"]
        if value is None:
            del properties[field]
        else:
            properties[field] = {**properties.get(field, {}), **value}
    return now


def test_an_added_field_breaks_no_older_app() -> None:
    now = changed(Customer__loyalty={"type": "string"}, OrderBody__channel={"type": "string"})
    now["Customer"]["required"].append("loyalty")
    now["Vehicle"] = {"type": "object", "properties": {}}
    assert breaks(FIRST, now) == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"Customer__name": None}, "Customer.name is gone"),
        ({"OrderBody__notes": None}, "OrderBody.notes is gone"),
        ({"Customer__name": {"type": "integer"}}, "Customer.name has another type: string became integer"),
        ({"Customer__name": {"type": ["string", "null"]}}, "Customer.name may be null now"),
        ({"OrderBody__notes": {"type": "string"}}, "OrderBody.notes may not be null any more"),
        ({"OrderBody__customer_reference": {"maxLength": 20}}, "narrower: maxLength was 35 and is 20"),
        (
            {"OrderLineBody__line_no": {"minimum": 2}},
            "OrderLineBody.line_no is narrower: minimum was 1 and is 2",
        ),
        ({"Result__status": {"enum": ["received", "lost"]}}, "Result.status says lost"),
    ],
    ids=str,
)
def test_the_check_names_a_change_that_breaks_an_older_app(changes: dict[str, Any], fault: str) -> None:
    assert fault in "; ".join(breaks(FIRST, changed(**changes)))


def test_the_check_names_a_newly_required_field_of_a_kind() -> None:
    now = changed(ExpenseClaimBody__trip={"type": "string"}, ExpenseLine__vat={"type": "string"})
    now["ExpenseClaimBody"]["required"].append("trip")
    now["ExpenseLine"]["required"].append("vat")
    assert [fault.partition(" is required")[0] for fault in breaks(FIRST, now)] == [
        "ExpenseClaimBody.trip",
        "ExpenseLine.vat",
    ]


def test_the_check_names_a_field_that_became_optional_in_records() -> None:
    now = copy.deepcopy(FIRST)
    now["Customer"]["required"].remove("name")
    assert breaks(FIRST, now) == ["Customer.name may be absent now, and older apps rely on it"]
