"""A text for people that is too long, or has control characters, does not cost its record."""

import pytest

from backend.erp.records import ReadPage
from backend.ingest.validation import partition
from sync_protocol.catalogue import COLLECTIONS
from tests.unit.sync.company import customer, product

CUSTOMERS, PRODUCTS = COLLECTIONS["customers"], COLLECTIONS["products"]


def test_a_customer_with_a_note_that_is_too_long_is_on_the_phones() -> None:
    record = {**customer("C1", "NW").record, "notes": "call before noon " * 400}
    parts = partition(CUSTOMERS, ReadPage((record,), "", more=False))
    assert parts.bad == []
    notes = parts.good["C1"]["notes"]
    assert len(notes) == 4000 and notes.endswith("…")
    assert CUSTOMERS.faults(dict(parts.good["C1"])) == []


@pytest.mark.parametrize("character", ["\x07", "\x1b", "\x7f"])
def test_a_name_with_a_control_character_is_cleaned(character: str) -> None:
    record = {**product("P1").record, "name": f"Nails{character} 40 mm"}
    parts = partition(PRODUCTS, ReadPage((record,), "", more=False))
    assert (parts.bad, parts.good["P1"]["name"]) == ([], "Nails\ufffd 40 mm")


@pytest.mark.parametrize(
    ("field", "value"),
    [("sku", "S" * 61), ("id", "two words"), ("name", None), ("name", 7), ("name", "\x00"), ("name", "\ud800")],
)
def test_what_is_no_text_for_people_or_has_a_damaged_encoding_is_quarantined(field: str, value: object) -> None:
    """Another code is another thing; half of a character comes from a wrong encoding."""
    record = {**product("P1").record, field: value}
    parts = partition(PRODUCTS, ReadPage((record,), "", more=False))
    assert (len(parts.bad), parts.good) == (1, {})


def test_a_record_with_another_fault_stays_in_quarantine() -> None:
    record = {**customer("C1", "NW").record, "notes": "x" * 5000, "status": "nonsense"}
    assert len(partition(CUSTOMERS, ReadPage((record,), "", more=False)).bad) == 1
