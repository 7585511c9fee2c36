"""Text that a spreadsheet would execute, made harmless by a leading apostrophe, and made whole again.

A spreadsheet executes a cell that begins with = + - or @. It also skips what is before that: blanks, control
characters, a byte order mark and other characters that are drawn as nothing. Full-width forms count as well.
Source: OWASP, "CSV Injection".

`restored(neutralized(text))` is `text` for every text: one that begins with an apostrophe gets another.
"""

import unicodedata

_EXECUTED = frozenset("=+-@")
_MARK = "'"
_LINE_STARTS = "\t\r\n\x00"
_SKIPPED = ("Cc", "Cf", "Zs", "Zl", "Zp")
"""Unicode categories: controls, formats, and separators of words, lines and paragraphs."""


def is_executed(text: str) -> bool:
    """Return whether a spreadsheet may execute a cell with *text*."""
    if text.startswith(tuple(_LINE_STARTS)):
        return True
    for character in text:
        if unicodedata.category(character) not in _SKIPPED:
            return unicodedata.normalize("NFKC", character)[:1] in _EXECUTED or character == "\u2212"
    return False


def neutralized(text: str) -> str:
    """Return *text* for a cell: with an apostrophe before it if it would be executed, or begins with one."""
    return _MARK + text if text.startswith(_MARK) or is_executed(text) else text


def restored(text: str) -> str:
    """Return the text of a cell that `neutralized` made."""
    return text[1:] if text.startswith(_MARK) and (text[1:2] == _MARK or is_executed(text[1:])) else text
