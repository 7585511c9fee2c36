"""Wording: what people read, in every language, one declaration per text with all languages side by side.

The modules of this package are found automatically; each declares `TEXTS`, by key. Keys are

    collection.<name> .item .help             kind.<name> .help
    field.<name>, field.<owner>.<path> .help  choice.<name>.<value>, choice.<owner>.<path>.<value>
    state.<name> .sentence                    decision.<name> .sentence        result.<name> .sentence
    park.<class> .sentence                    owner.<name>                     error.<code> .sentence
    reason.<code>                             word.<name>

An owner is a collection or a kind, and a path has no indexes: `field.orders.lines.net`. The key with the owner
counts before the one with the name alone. The package is pure and imports nothing of the wire, so that the wire
may use it.
"""

import importlib
import pkgutil
from typing import NamedTuple


class Words(NamedTuple):
    """One text in every language."""

    en: str
    zh: str
    """Simplified Chinese (zh-Hans)."""


LANGUAGES = (
    {"id": "en", "tag": "en", "name": "English"},
    {"id": "zh", "tag": "zh-Hans", "name": "简体中文"},
)
"""`id` is the field of `Words` and the member on the wire, `tag` is that of BCP 47."""


def _collected() -> dict[str, Words]:
    texts: dict[str, Words] = {}
    for module in pkgutil.iter_modules(__path__):
        declared = importlib.import_module(f"{__name__}.{module.name}").TEXTS
        if twice := texts.keys() & declared.keys():
            raise ValueError(f"texts declared twice: {', '.join(sorted(twice))}")
        texts |= {key: Words(*pair) for key, pair in declared.items()}
    return texts


TEXTS: dict[str, Words] = _collected()
"""Every text by its key."""


def words(*keys: str) -> Words | None:
    """Return the text of the first of *keys* that has one, or None."""
    return next((TEXTS[key] for key in keys if key in TEXTS), None)


def english(key: str) -> str:
    """Return the English text of *key*; the key itself if there is none."""
    text = TEXTS.get(key)
    return text.en if text else key
