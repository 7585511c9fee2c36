"""What the replica keeps beside a record's body so that a screen can find it quickly."""

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from sync_protocol.catalogue import COLLECTIONS
from sync_protocol.channel import Follows

_PARENTS = {"prices": "product_id", "stock_levels": "product_id"}
_SEARCHED = ("id", "number", "name", "sku", "barcodes", "customer_reference", "city", "addresses")


def key_field(collection: str) -> str:
    """Return the field that holds the key of *collection*'s records; `id` for one of a newer server."""
    declared = COLLECTIONS.get(collection)
    return declared.key if declared else "id"


def parent(collection: str, record: Mapping[str, Any]) -> str | None:
    """Return the key of the customer or product that *record* belongs to, if it belongs to one."""
    declared = COLLECTIONS.get(collection)
    rule = declared.channel if declared else None
    via = rule.via if isinstance(rule, Follows) else _PARENTS.get(collection)
    value = record.get(via) if via else None
    return None if value is None else str(value)


def words(record: Mapping[str, Any]) -> str:
    """Return the text that a search looks at, folded: lower case, without accents."""
    return folded(" ".join(_texts(record)))


def _texts(value: Mapping[str, Any]) -> Iterator[str]:
    for name in _SEARCHED:
        found = value.get(name)
        for item in found if isinstance(found, list) else [found]:
            if isinstance(item, str):
                yield item
            elif isinstance(item, Mapping):
                yield from _texts(item)


def folded(text: str) -> str:
    """Return *text* as searches compare it: Müller, MULLER and mu\u0308ller are one."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))
