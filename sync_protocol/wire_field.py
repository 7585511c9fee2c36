"""The base of the wire's field types: a field accepts a value unchanged, or refuses it with a sentence."""

import re
from abc import ABC, abstractmethod
from typing import Any

from marshmallow import ValidationError, fields

from sync_protocol.blank import DRAWN_AS_NOTHING
from sync_protocol.sentence import Sentence, sentence


class WireField(ABC):
    """A field that accepts a value unchanged or refuses it."""

    @abstractmethod
    def error_for(self, value: Any) -> Sentence | None:
        """Return the error in *value* (any JSON value except null) as "must be …", or None."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        error = self.error_for(value)
        if error is not None:
            raise ValidationError(error)
        return value


class Pattern(WireField, fields.String):
    """Text that fully matches `pattern`; `expected` completes the sentence of `code`, 'must be …'."""

    pattern = re.compile(r".*", re.S)
    expected = "text"
    code = "invalid_text"

    def error_for(self, value: Any) -> Sentence | None:
        if isinstance(value, str) and self.pattern.fullmatch(value):
            return None
        return sentence(self.code, value=shown(value))


def shown(value: Any) -> str:
    """Return *value*, any JSON value, for a sentence: at most 40 characters."""
    try:
        text = repr(value)
    except RecursionError:
        return "what is nested too deeply"
    except ValueError:
        return "a number of too many digits"
    return text if len(text) <= 40 else text[:37] + "..."


def is_printable(text: str) -> bool:
    """Say whether *text* has visible characters only.

    Spaces of any kind, and control, format, private and unassigned characters are not visible: the Unicode
    categories Z and C. Neither are those `DRAWN_AS_NOTHING`, such as U+3164. This is the rule for keys, on
    devices and on the server.
    """
    return text.isprintable() and " " not in text and (text.isascii() or not DRAWN_AS_NOTHING.search(text))
