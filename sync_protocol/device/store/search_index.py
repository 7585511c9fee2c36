"""The columns beside a record's body by which a screen finds it quickly: a search text and the parent's key."""

import unicodedata
from collections.abc import Iterable
from typing import Any

from sync_protocol.catalogue import COLLECTIONS
from sync_protocol.channel import Follows

_PARENTS = {"prices": "product_id", "stock_levels": "product_id"}
"""Parents of collections that do not follow another one in the feed, but that a screen shows with a record."""
SEARCH_FIELDS = ("id", "number", "name", "sku", "barcodes", "customer_reference", "city", "addresses")


def parent_field(collection: str) -> str | None:
    """Return the field with the key of the customer or product that a record belongs to, or None."""
    declared = COLLECTIONS.get(collection)
    rule = declared.channel if declared else None
    return rule.via if isinstance(rule, Follows) else _PARENTS.get(collection)


def search_text(values: Iterable[Any]) -> str:
    """Return the text that a search compares, folded: lower case, without accents.

    *values* are those of the fields in `SEARCH_FIELDS`, in that order; None where a record has none. The text
    in lists and objects is included.
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
        for name in SEARCH_FIELDS:
            if (inner := value.get(name)) is not None:
                _gather(inner, texts)


class _CombiningCharacters(dict[int, int | None]):
    """Translation table that deletes combining characters; each character is looked up once."""

    def __missing__(self, code: int) -> int | None:
        self[code] = replacement = None if unicodedata.combining(chr(code)) else code
        return replacement


_combining_characters = _CombiningCharacters()


def folded(text: str) -> str:
    """Return *text* as searches compare it: Müller, MULLER and mu\u0308ller become equal."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKD", text.casefold()).translate(_combining_characters)
