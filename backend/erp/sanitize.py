"""Text as a database keeps it: what an ERP says may hold anything, and none of it may stop a transaction."""

from dataclasses import dataclass, fields


def sanitized(text: str) -> str:
    """Return *text* with what no database keeps (NUL, half of a surrogate pair) escaped."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")


@dataclass(frozen=True)
class Sanitized:
    """A value of the port whose texts are `kept`, whatever the ERP or the connector gave."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            # Not an enumeration's member, which is a `str` too.
            if type(value) is str:
                object.__setattr__(self, field.name, sanitized(value))
            elif isinstance(value, tuple):
                texts = tuple(sanitized(item) if isinstance(item, str) else item for item in value)
                object.__setattr__(self, field.name, texts)
