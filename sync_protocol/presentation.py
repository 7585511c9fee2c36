"""How an app shows records and forms: what a declaration may say beside its fields, as data.

Everything has a default, so a collection or kind that says nothing is shown too. docs/contract.md has the words
for the values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Step = tuple[Any, ...]
"""A word and its arguments, such as `("copy", "customer_id", "currency")`."""


@dataclass(frozen=True)
class ListView:
    """How the records of a collection are listed."""

    title: str | None = None
    """The field that names a record; None: a name, title or number, else the first reference, else the key."""
    sort: tuple[tuple[str, Literal["ascending", "descending"]], ...] = ()
    """Empty: by the title."""
    search: tuple[str, ...] = ()
    """Paths of the fields that are searched; empty: the title."""
    parent: str | None = None
    """The field with the key of the record to whose page it belongs; None: that by which it follows one."""


@dataclass(frozen=True)
class Form:
    """How a document of a kind is captured."""

    title: str | None = None
    """The field that names a document for people; None: the first one."""
    prefill: Mapping[str, Step] = field(default_factory=dict)
    """path → where a form takes the value from before the rep types."""
    options: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """path → (field with a reference, path in that record): the values that may be chosen."""
