"""Text from an ERP, made safe to store: a character that a database refuses must not stop a transaction."""

from dataclasses import dataclass, fields


def sanitized(text: str) -> str:
    """Return *text* with NUL and lone surrogates escaped, which no database stores."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")


@dataclass(frozen=True)
class Sanitized:
    """Base of values of the port: all their texts are `sanitized`, whatever the connector passed."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            # A member of an enumeration is a `str` too and stays as it is.
            if type(value) is str:
                object.__setattr__(self, field.name, sanitized(value))
            elif isinstance(value, tuple):
                texts = tuple(sanitized(item) if isinstance(item, str) else item for item in value)
                object.__setattr__(self, field.name, texts)
