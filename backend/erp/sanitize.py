"""Text from an ERP, made safe to store: a character that a database refuses must not stop a transaction."""

from dataclasses import dataclass, fields
from typing import Any

from sync_protocol.sentence import Sentence


def sanitized(text: str) -> str:
    """Return *text* with NUL and lone surrogates escaped, which no database stores."""
    if isinstance(text, Sentence):
        return text.mapped(sanitized)
    return text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")


def shown(value: Any, longest: int = 60) -> str:
    """Return any *value* for a message, cut to *longest* characters; its type if it cannot be shown."""
    try:
        text = repr(value)
    except Exception:
        # Nested too deeply, a number of too many digits, or a class with a fault.
        text = f"a value of type {type(value).__name__}"
    return sanitized(text if len(text) <= longest else f"{text[: longest - 3]}...")


@dataclass(frozen=True)
class Sanitized:
    """Base of values of the port: all their texts are `sanitized`."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            # A member of an enumeration is a `str` too and stays as it is.
            if type(value) in (str, Sentence):
                object.__setattr__(self, field.name, sanitized(value))
            elif isinstance(value, tuple):
                object.__setattr__(self, field.name, tuple(_item(item) for item in value))


def _item(item: Any) -> Any:
    if isinstance(item, dict):
        return {name: sanitized(value) if type(value) is str else value for name, value in item.items()}
    return sanitized(item) if isinstance(item, str) else item
