"""What the replica keeps beside a record's body so that a screen can find it quickly."""

import unicodedata
from collections.abc import Iterable
from typing import Any

from sync_protocol.catalogue import COLLECTIONS
from sync_protocol.channel import Follows

_PARENTS = {"prices": "product_id", "stock_levels": "product_id"}
SEARCHED = ("id", "number", "name", "sku", "barcodes", "customer_reference", "city", "addresses")


def parent_field(collection: str) -> str | None:
    """Return the field that holds the key of the customer or product that a record belongs to, if one does."""
    declared = COLLECTIONS.get(collection)
    rule = declared.channel if declared else None
    return rule.via if isinstance(rule, Follows) else _PARENTS.get(collection)


def words(values: Iterable[Any]) -> str:
    """Return the text that a search looks at, folded: lower case, without accents.

    *values* are those of the fields named in `SEARCHED`, in that order; None where a record has none.
    """
    texts: list[str] = []
    for value in values:
        if type(value) is str:
            texts.append(folded(value))
        elif value is not None:
            _gather(value, texts)
    return " ".join(texts)


def _gather(value: Any, texts: list[str]) -> None:
    if isinstance(value, str):
        texts.append(folded(value))
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, str | dict):
                _gather(item, texts)
    elif isinstance(value, dict):
        for name in SEARCHED:
            if (inner := value.get(name)) is not None:
                _gather(inner, texts)


class _Marks(dict[int, int | None]):
    """Maps combining characters to nothing; each is looked up once."""

    def __missing__(self, code: int) -> int | None:
        self[code] = found = None if unicodedata.combining(chr(code)) else code
        return found


_marks = _Marks()


def folded(text: str) -> str:
    """Return *text* as searches compare it: Müller, MULLER and mu\u0308ller are one."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKD", text.casefold()).translate(_marks)
