"""Cells that a spreadsheet would execute are harmless, and the ERP gets back what the rep wrote."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.connectors.flatfile.options import read_options
from backend.connectors.flatfile.render import csv_bytes
from backend.spreadsheet import is_executed, neutralized, restored

EXECUTED = [
    "=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "\x00=1", "\ttext", "\ntext", "  =1", "\u00a0=1",
    "\u3000=1", "\ufeff=1", "\u200b=1", "\u2060@x", "\u202e=1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff20x",
    "\ufe63x", "\u2212x", " \ufeff\u200b\uff1dHYPERLINK()", "\x1b=1", "\x85=1", "\u2028=1",
]  # fmt: skip
HARMLESS = ["", "text", "a=b", "1+1", "Müller & Co", "'", "(=1)", "…", "  text", "ａ"]


@pytest.mark.parametrize("text", EXECUTED)
def test_every_form_of_a_formula_is_neutralized(text: str) -> None:
    assert neutralized(text) == "'" + text
    assert restored(neutralized(text)) == text


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_text_is_no_formula(text: str) -> None:
    assert not is_executed(text)
    assert restored(neutralized(text)) == text


@given(st.text() | st.sampled_from([*EXECUTED, *HARMLESS]).map(lambda text: f"'{text}"))
def test_every_text_comes_back(text: str) -> None:
    assert restored(neutralized(text)) == text
    assert not is_executed(neutralized(text))


@given(st.text(st.characters(codec="utf-8")))
def test_a_document_keeps_its_texts_keys_and_numbers(text: str) -> None:
    row = {"notes": text, "customer_id": text, "quantity": "-1.50", "order_date": "2026-11-23"}
    content = csv_bytes(list(row), [row], read_options({"folder": "."})).decode()
    [cells] = csv.DictReader(io.StringIO(content, newline=""))
    assert not is_executed(cells["notes"])
    assert {name: restored(cell) if name != "quantity" else cell for name, cell in cells.items()} == row


def test_keys_and_numbers_that_begin_with_a_sign_stay() -> None:
    hostile = "=cmd|' /C calc'!A0"
    row = {"customer_id": "-A12/3", "product_id": "+4", "unit_price": "-5.00", "warehouse_id": hostile}
    content = csv_bytes(list(row), [row], read_options({"folder": "."}))
    [cells] = csv.DictReader(io.StringIO(content.decode()))
    assert cells == {**row, "warehouse_id": f"'{hostile}"}


def test_an_erp_that_cannot_remove_the_apostrophe_gets_the_text_as_it_is() -> None:
    options = read_options({"folder": ".", "formulas": "keep"})
    assert csv_bytes(["notes"], [{"notes": "=1"}], options) == b"notes\r\n=1\r\n"
