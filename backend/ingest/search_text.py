"""The search text of a record: the pinyin of its Chinese texts. A phone finds 北京 by "beijing" and by "bj".

A phone lower-cases, folds and joins texts; it cannot know pinyin without a dictionary of megabytes. So the
text has the syllables alone, `bei jing`, and a phone derives the joined form and the initials. Readings of a
character that its phrase does not decide are joined by `/`, `dan/shan`. Texts are separated by `; `. A record
without a Chinese text has no search text, and is published as before.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any

from sync_protocol.collection import Collection
from sync_protocol.fields import SEARCH_CHARACTERS
from sync_protocol.json_types import Record

FIELD = "search"
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
"""A run of Chinese characters."""
_CACHED = 4096
"""Texts whose pinyin is kept: cities and words of names repeat."""

_TEXTS: Mapping[str, Callable[[Record], Iterator[Any]]] = {
    "customers": lambda record: iter((record["name"], *(a["city"] for a in record["addresses"]))),
    "contacts": lambda record: iter((record["name"],)),
    "products": lambda record: iter((record["name"],)),
}
"""By collection: the texts of a record, valid by its schema, that are searched by pinyin."""


def with_search_text(collection: Collection, record: Record) -> Record:
    """Return *record*, valid by its schema, with its search text; without that field if it has none."""
    texts = _TEXTS.get(collection.name)
    if texts is None:
        return record
    syllables = dict.fromkeys(filter(None, (_pinyin(text) for text in texts(record) if text)))
    without = {name: value for name, value in record.items() if name != FIELD} if FIELD in record else record
    if not syllables:
        return without
    return {**without, FIELD: _shortened("; ".join(syllables))}


def _shortened(text: str) -> str:
    """Return *text* in at most `SEARCH_CHARACTERS` characters, without half a syllable at its end."""
    if len(text) <= SEARCH_CHARACTERS:
        return text
    return text[: SEARCH_CHARACTERS + 1].rpartition(" ")[0].rstrip(";")


def _pinyin(text: str) -> str:
    runs = _HAN.findall(text)
    return " ".join(_syllables(run) for run in runs)


@lru_cache(_CACHED)
def _syllables(run: str) -> str:
    return " ".join("/".join(readings) for readings in _dictionary()(run))


@cache
def _dictionary() -> Callable[[str], list[list[str]]]:
    """Return the function that reads Chinese text. It takes 60 MB, and is loaded when the first text comes."""
    from pypinyin import Style, pinyin

    return lambda run: pinyin(run, style=Style.NORMAL, heteronym=True, errors="ignore")
