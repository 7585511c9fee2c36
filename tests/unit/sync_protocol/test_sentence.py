"""A sentence is its English text; code and parameters travel beside it and reveal nothing more."""

import json

from hypothesis import given
from hypothesis import strategies as st

from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.fault_sentence import fault_sentence, fault_sentences
from sync_protocol.sentence import MAX_CHARACTERS, coded, restored, sentence, several

NESTED = sentence(
    "at_place", field="lines[1].unit_price", sentence=sentence("price_zero", **{"product.name": "Nut"})
)


def test_the_text_is_the_template_with_its_parameters() -> None:
    message = sentence("unknown_record", key="C7", collection="price_lists")
    assert message == "C7 is not among your price lists"
    assert coded(message) == {
        "code": "unknown_record",
        "parameters": {"key": "C7", "collection": "price_lists"},
    }


def test_a_sentence_may_contain_sentences_and_words_of_the_erp() -> None:
    assert NESTED == "line 2, unit price: the price of Nut is 0"
    both = several([NESTED, "minimum is 5"])
    assert both == "line 2, unit price: the price of Nut is 0; minimum is 5"
    template = coded(both)
    assert template is not None
    assert template["parameters"]["sentences"][1] == "minimum is 5"
    assert several(["only this"]) == "only this"


def test_a_plain_text_has_no_code() -> None:
    assert coded("The ERP says no") is None
    assert coded(None) is None
    assert "reason" not in Fault(ErrorCode.FIELD_INVALID, "x", "as the ERP says").as_wire()


def test_what_was_stored_is_read_back_as_the_same_sentence() -> None:
    stored = json.loads(json.dumps(coded(NESTED)))
    again = restored(str(NESTED), stored)
    assert again == NESTED
    assert coded(again) == coded(NESTED)


def test_a_template_that_reads_otherwise_now_does_not_replace_what_was_stored() -> None:
    stored = coded(NESTED)
    assert restored("line 2: price is zero", stored) == "line 2: price is zero"
    assert coded(restored("line 2: price is zero", stored)) is None


def test_a_template_of_a_newer_version_keeps_the_stored_text() -> None:
    assert restored("said later", {"code": "of_tomorrow", "parameters": {}}) == "said later"
    assert restored("told later", {"code": "price_zero", "parameters": {"other": 1}}) == "told later"


def test_parameters_that_are_too_long_travel_as_text_alone() -> None:
    assert coded(sentence("unknown_kind", name="x" * MAX_CHARACTERS)) is None


def test_a_fault_comes_back_from_the_wire_as_it_was() -> None:
    fault = Fault(
        ErrorCode.UNKNOWN_RECORD, "customer_id", sentence("unknown_record", key="C7", collection="customers")
    )
    wire = fault.as_wire()
    assert wire["reason"] == "unknown_record"
    assert Fault.from_wire(wire) == fault
    assert Fault.from_wire(wire).as_wire() == wire


def test_parameters_have_no_characters_that_the_text_may_not_have() -> None:
    wire = Fault(ErrorCode.UNKNOWN_KIND, "kind", sentence("unknown_kind", name="a\x00\ud800b")).as_wire()
    assert wire["parameters"] == {"name": "a\ufffd\ufffdb"}
    assert "a\ufffd\ufffdb" in wire["message"]


@given(st.text(max_size=40))
def test_every_parameter_of_a_fault_is_in_its_text(value: str) -> None:
    message = sentence("unknown_record", key=value, collection="customers")
    assert value in message


def test_the_place_of_a_fault_is_in_words_and_as_a_path() -> None:
    assert fault_sentence("", "is late") == "is late"
    message = fault_sentences([("lines[0].product_id", sentence("not_sellable", **{"product.name": "Nut"}))])
    assert message == "line 1, product: Nut is not for sale"
    template = coded(message)
    assert template is not None
    assert template["parameters"]["field"] == "lines[0].product_id"
