"""Text: the message about a character that it may not have names the character."""

import pytest

from sync_protocol.fields import Text


@pytest.mark.parametrize(("character", "name"), [("\0", "U+0000"), ("\x1b", "U+001B"), ("\x7f", "U+007F")])
def test_a_control_character_is_named(character: str, name: str) -> None:
    error = Text(2000).error_for(f"Ring twice{character}")
    assert error == f"must have no control characters; it contains {name}"


def test_line_breaks_and_tabs_are_text() -> None:
    assert Text(2000).error_for("Ring\ttwice\r\nor more") is None


def test_what_is_no_text_is_said_so() -> None:
    assert Text(20).error_for(7) == "must be text of at most 20 characters, not 7"
