"""Cause: a key that parked documents share if one repair should settle them all.

It is the class of the problem and a digest of the ERP's own words, without what differs from document to
document: ids, amounts, times and places in a list. Codes stay, because they name what must be repaired: an
order that fails for the unit KT has another cause than one that fails for the unit PAL.
"""

import hashlib
import re
from collections.abc import Iterable

from sync_protocol.errors import FaultJson
from sync_protocol.fields import Ulid

UNSPECIFIED = "unspecified"
"""The class of a document for which none was given."""
_DIGITS = 10
"""Hexadecimal digits of the digest. Two causes of one class that share it would only be listed as one."""
_VARIABLE = "…"

_WORD = re.compile(r"[0-9A-Za-z.,:+-]+")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def cause_of(error_class: str, words: str | None, errors: Iterable[FaultJson] = ()) -> str:
    """Return the cause of a document that is parked with *error_class*.

    Args:
        words: what the ERP said, or None.
        errors: the faults of its fields.
    """
    texts = [words or "", *sorted({f"{fault['code']} {fault['field']}" for fault in errors})]
    if not any(texts):
        return error_class
    common = "\n".join(map(_common, texts))
    digest = hashlib.sha256(common.encode()).hexdigest()
    return f"{error_class}-{digest[:_DIGITS]}"


def class_in(cause: str) -> str:
    """Return the class that *cause* begins with."""
    return cause.partition("-")[0]


def _common(text: str) -> str:
    """Return *text* with a sign instead of each word that differs from document to document."""
    head, *parts = text.split("[")
    for part in parts:
        place, bracket, rest = part.partition("]")
        head += f"[]{rest}" if bracket and place.isdigit() else f"[{part}"
    return _WORD.sub(lambda match: _common_word(match[0]), head).strip()


def _common_word(word: str) -> str:
    bare = word.rstrip(".,:")
    return _VARIABLE + word[len(bare) :] if _differs(bare) else word


def _differs(word: str) -> bool:
    """Say whether *word* is an id, a date or time, or an amount. A whole number may be a code, so it stays."""
    if Ulid.pattern.fullmatch(word) or _UUID.fullmatch(word) or _DATE.match(word):
        return True
    digits = word.replace(".", "").replace(",", "")
    return digits != word and digits.isdigit()
