"""Keys: printable characters without spaces, on devices and on the server."""

import json
import re
import unicodedata
from pathlib import Path

import pytest

from sync_protocol.blank import DRAWN_AS_NOTHING
from sync_protocol.catalogue.order import ORDER
from sync_protocol.channel import is_channel
from sync_protocol.fields import Key
from sync_protocol.validators import compile_validator, schema_instance
from sync_protocol.wire_field import is_printable

INVISIBLE = {
    "a zero-width space": "\u200b", "a byte order mark": "\ufeff", "an ideographic space": "\u3000",
    "a right-to-left override": "\u202e", "a no-break space": "\xa0", "a soft hyphen": "\xad",
    "a line separator": "\u2028", "a private character": "\ue000", "an unassigned character": "\u0378",
    "half of a surrogate pair": "\ud800", "a word joiner": "\u2060", "NUL": "\0", "a space": " ",
    "a Hangul filler": "\u3164", "a halfwidth Hangul filler": "\uffa0", "a blank Braille pattern": "\u2800",
    "a combining grapheme joiner": "\u034f", "a variation selector": "\ufe0f", "a Khmer vowel": "\u17b4",
    "a Mongolian selector": "\u180b",
}  # fmt: skip


@pytest.mark.parametrize("name", INVISIBLE)
def test_a_key_with_an_invisible_character_is_refused_and_the_character_is_named(name: str) -> None:
    error = Key().error_for(f"C{INVISIBLE[name]}1")
    assert error is not None
    assert "must be a key of 1 to 64 printable characters without spaces" in error
    assert f"which contains U+{ord(INVISIBLE[name]):04X}" in error


@pytest.mark.parametrize("name", INVISIBLE)
def test_a_channel_with_an_invisible_character_is_refused(name: str) -> None:
    assert not is_channel(f"territory:N{INVISIBLE[name]}W")


@pytest.mark.parametrize("key", ["C1", "顧客-1", "Müller", "a/b@c%20", "١", "x" * 64])
def test_a_key_of_visible_characters_is_accepted(key: str) -> None:
    assert Key().error_for(key) is None


def test_a_document_that_cites_an_invisible_character_is_refused_by_its_form() -> None:
    """The form is the same class on devices and on the server."""
    schema = schema_instance(ORDER.schema)
    assert isinstance(schema.fields["customer_id"], Key)
    assert compile_validator(ORDER.schema)({"customer_id": "C\u200b1"})
    [fault] = [f for f in ORDER.form_faults({"customer_id": "C\u200b1"}) if f.field == "customer_id"]
    assert "U+200B" in fault.message


def test_the_json_schema_says_what_its_pattern_leaves_open() -> None:
    page = json.loads((Path(__file__).parents[3] / "docs" / "reference" / "openapi.json").read_text("utf-8"))
    described = page["components"]["schemas"]["Customer"]["properties"]["id"]
    assert "no character of the Unicode categories Z and C" in described["description"]
    pattern = re.compile(described["pattern"])
    for code in range(0xFFFE):
        if is_printable(chr(code)):
            assert pattern.fullmatch(chr(code)), f"U+{code:04X}"
        else:
            assert Key().error_for(chr(code)), f"U+{code:04X}"
            assert unicodedata.category(chr(code))[0] in "ZC" or DRAWN_AS_NOTHING.match(chr(code))
