"""What people paste and type by mistake, and what must be left of it."""

import re
import unicodedata

HOSTILE = {
    "line breaks and tabs": "First\r\nsecond\u2028third\tfourth",
    "invisible characters": "A\u200b\u202eB\u00ad\ufeff\u0007C",
    "20 digits": "12345678901234567890",
    "20 decimals": "0.12345678901234567890",
    "decimal comma": " 2,5 ",
    "separators of two kinds": "1.234,5",
    "full-width digits": "１２",
    "other digits": "١٢",
    "minus": "\u22121",
    "exponent": "1e5",
    "emoji": "👩\u200d👩\u200d👧 🇩🇪 ✅",
    "right to left": "שלום עולם \u202b123\u202c",
    "Persian": "می\u200cخواهم",
    "markup": '<b onclick="x">&amp;\'{0}${1}</b>',
    "formula": "=HYPERLINK(1)",
    "spaces": " \u00a0 \u3000 ",
    "5000 characters": "x" * 5000,
}
JOINERS = "\u200c\u200d"
NUMBER = re.compile(r"-?\d+(\.\d+)?")


def bare(text: str) -> str:
    """Return *text* without spaces and characters that nobody sees: what must be there still."""
    kept = (each for each in text if each in JOINERS or unicodedata.category(each) not in ("Cc", "Cf", "Cs"))
    return "".join("".join(kept).split())


def is_kept(typed: str, value: str, *, is_number: bool) -> bool:
    """Say whether *value*, which stands in a field, has all of *typed*; a number may look different."""
    if bare(value).casefold() == bare(typed).casefold():
        return True
    return is_number and NUMBER.fullmatch(value) is not None
