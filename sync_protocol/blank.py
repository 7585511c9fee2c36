"""Blank text and invisible characters: what looks empty to a person, although it has characters."""

import re
import unicodedata

_INVISIBLE = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
"""Unicode's categories of controls, formats and separators."""
DRAWN_AS_NOTHING = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0]"
)
"""Letters, marks and signs up to U+FFFF that nobody sees, although their categories are those of visible ones.

Source: Unicode's property Default_Ignorable_Code_Point, and the blank Braille pattern.
"""


def is_blank(text: str | None) -> bool:
    """Say whether *text* is missing, or has only spaces and characters that nobody sees."""
    return text is None or all(unicodedata.category(c) in _INVISIBLE or DRAWN_AS_NOTHING.match(c) for c in text)
