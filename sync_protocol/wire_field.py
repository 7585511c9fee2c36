"""The base of the wire's field types: a field accepts a value unchanged, or refuses it with a sentence."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from marshmallow import ValidationError, fields

from sync_protocol.blank import DRAWN_AS_NOTHING
from sync_protocol.sentence import Sentence, sentence

Bind = Callable[[Any], str]
"""Returns a name for a value that a generated expression uses."""


class WireField(ABC):
    """A field that accepts a value unchanged or refuses it."""

    @abstractmethod
    def error_for(self, value: Any) -> Sentence | None:
        """Return the error in *value* (any JSON value except null) as "must be …", or None."""

    def fault_code(self, value: str, bind: Bind) -> str:
        """Return the expression that is true if `error_for` finds an error in the variable *value*."""
        return f"{bind(self.error_for)}({value})"

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

    def fault_code(self, value: str, bind: Bind) -> str:
        if type(self).error_for is not Pattern.error_for:
            return super().fault_code(value, bind)
        return self.mismatch_code(value, bind)

    def mismatch_code(self, value: str, bind: Bind) -> str:
        """Return the expression that is true if the variable *value* is no text of the pattern."""
        return f"not isinstance({value}, str) or not {bind(self.pattern.fullmatch)}({value})"

    def remembered_code(self, longest: int, value: str, bind: Bind) -> str:
        """Return the expression for texts of at most *longest* characters, of which few different ones come."""
        remembered = bind(lru_cache(maxsize=1_024)(self.error_for))
        return f"not isinstance({value}, str) or len({value}) > {longest} or {remembered}({value})"


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
