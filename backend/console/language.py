"""The language of a page, and its texts: each package has a table `TEXTS` in `texts.py`, in every language.

Words of the data, such as the names of kinds and states, are those of the contract (`sync_protocol.wording`).
"""

from collections.abc import Callable, Mapping

from flask import g, request

from backend.console.texts import TEXTS
from sync_protocol import wording
from sync_protocol.wording import LANGUAGES

Words = Mapping[str, tuple[str, str]]
"""By name: the text in English and in simplified Chinese. A place in braces takes a value."""
IDS = tuple(str(language["id"]) for language in LANGUAGES)


def chosen_language() -> str:
    """Return the language of the person, else the browser's, else English: an `id` of `LANGUAGES`."""
    if g.visitor is not None and g.visitor.language in IDS:
        return str(g.visitor.language)
    return request.accept_languages.best_match(IDS) or _of_region() or IDS[0]


def _of_region() -> str | None:
    """Return Chinese for `zh-CN` and the like, which `best_match` does not match with `zh`."""
    first = next((tag for tag, quality in request.accept_languages if quality > 0), "")
    return next((id for id in IDS if first.lower().startswith(f"{id}-")), None)


def words(language: str, own: Words) -> Callable[..., str]:
    """Return the function that templates call as `t`: the text of a name, with values in its places.

    A name is looked up in *own*, in the texts of the frame, and in the contract's wording.
    """
    index = IDS.index(language)

    def text(name: str, /, **values: object) -> str:
        for table in (own, TEXTS):
            if name in table:
                return table[name][index].format(**values)
        return label(language, name)

    return text


def label(language: str, key: str) -> str:
    """Return the contract's word for *key*, such as `kind.order`; of an unknown one its last part."""
    text = wording.TEXTS.get(key)
    return str(text[IDS.index(language)]) if text is not None else key.rpartition(".")[2]
