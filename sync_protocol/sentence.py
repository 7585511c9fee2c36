"""Sentence: a text for people with its code and parameters, so that a phone writes it in its own language.

A sentence is English text, and travels and is stored as such. Beside it go the code of its template
(`reason.…` in `sync_protocol.wording`) and the parameters. The text is always the English template with these
parameters, so the parameters reveal nothing that the text does not.

A place in a template is `{name}` or `{name:type}`. A parameter is a text, a whole number, another sentence, or
a list of these. The type says how a phone shows the parameter: `collection`, `kind`, `state` and `field` by its
label, `date` as a date. The English text names a collection or a field in plain words.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self

from sync_protocol.wording import TEXTS, english

PLACE = re.compile(r"\{([a-z_.]{1,60})(?::([a-z]{1,12}))?\}")
"""A place in a template: its name, and its type if it has one."""
_ITEM = re.compile(r"([a-z_]{1,60})\[(\d{1,9})\]")
TYPES = frozenset({"collection", "kind", "state", "field", "date"})
MAX_CHARACTERS = 4_000
"""Characters of all parameters together; a sentence with more travels as text alone."""


class Sentence(str):
    """The English text of a template with its parameters."""

    code: str
    parameters: Mapping[str, Any]

    def __new__(cls, code: str, parameters: Mapping[str, Any]) -> Self:
        """Return the sentence of the template *code*; without a template, its text is the code."""
        made = super().__new__(cls, _filled(english(f"reason.{code}"), parameters, code))
        made.code, made.parameters = code, parameters
        return made

    def mapped(self, change: Callable[[str], str]) -> "Sentence":
        """Return the sentence with *change* applied to every text among its parameters."""
        return Sentence(self.code, {name: _mapped(value, change) for name, value in self.parameters.items()})

    def as_wire(self) -> dict[str, Any]:
        """Return the sentence as JSON: the keys `code` and `parameters`."""
        return {
            "code": self.code,
            "parameters": {name: _json(value) for name, value in self.parameters.items()},
        }


def sentence(code: str, /, **parameters: Any) -> Sentence:
    """Return the sentence of the template `reason.<code>`."""
    return Sentence(code, parameters)


def several(sentences: Iterable[str]) -> str:
    """Return *sentences* as one; a single one stays as it is."""
    listed = list(sentences)
    return listed[0] if len(listed) == 1 else Sentence("several", {"sentences": listed})


def followed(first: str, second: str) -> Sentence:
    """Return two sentences, one after the other."""
    return sentence("sentence_then" if first.endswith(".") else "clause_then", first=first, second=second)


def with_why(stated: str, why: str | None) -> str:
    """Return the sentence *stated* with the reason that a person gave for it."""
    return sentence("with_why", sentence=stated, why=why) if why else stated


def coded(text: str | None) -> dict[str, Any] | None:
    """Return *text* as JSON, with the keys of `as_wire`; None if it has no code or too long parameters."""
    if not isinstance(text, Sentence) or _length(text.parameters) > MAX_CHARACTERS:
        return None
    return text.as_wire()


def restored(text: str, stored: Mapping[str, Any] | None) -> str:
    """Return *text* as the sentence that `coded` wrote as *stored* (its keys); *text* itself if it differs."""
    if not stored:
        return text
    try:
        made = _read(stored)
    except KeyError:
        # A template of a newer version has other places.
        return text
    # One of another version may read otherwise: what was stored stays as it was read.
    return made if made == text else text


def _read(value: Any) -> Any:
    if isinstance(value, list):
        return [_read(item) for item in value]
    if isinstance(value, Mapping):
        return Sentence(value["code"], {name: _read(inner) for name, inner in value["parameters"].items()})
    return value


def _filled(template: str, parameters: Mapping[str, Any], code: str) -> str:
    if f"reason.{code}" not in TEXTS:
        return code
    return PLACE.sub(lambda match: _shown(parameters[match[1]], match[2]), template)


def _shown(value: Any, kind: str | None) -> str:
    if isinstance(value, list | tuple):
        separator = "; " if any(isinstance(item, Sentence) for item in value) else ", "
        return separator.join(_shown(item, kind) for item in value)
    if kind in ("collection", "kind", "state"):
        return str(value).replace("_", " ")
    return _place(value) if kind == "field" else str(value)


def _place(path: str) -> str:
    """Return the path of a field in words: `lines[0].product_id` is "line 1, product"."""
    return ", ".join(_part(part) for part in path.split("."))


def _part(part: str) -> str:
    item = _ITEM.fullmatch(part)
    if item is None:
        return part.removesuffix("_id").replace("_", " ")
    return f"{item[1].removesuffix('s').replace('_', ' ')} {int(item[2]) + 1}"


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, Sentence):
        return value.mapped(change)
    if isinstance(value, list | tuple):
        return [_mapped(item, change) for item in value]
    return change(value) if isinstance(value, str) else value


def _json(value: Any) -> Any:
    if isinstance(value, Sentence):
        return value.as_wire()
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]
    return value


def _length(value: Any) -> int:
    if isinstance(value, Sentence):
        return len(value.code) + _length(value.parameters)
    if isinstance(value, Mapping):
        return sum(len(name) + _length(inner) for name, inner in value.items())
    if isinstance(value, list | tuple):
        return sum(map(_length, value))
    return len(str(value))
