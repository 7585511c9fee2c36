"""A change: what a publisher says about one record."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Stream = tuple[str, str]
"""(channel, collection): the unit of cursor, grant, head, floor and purge."""


@dataclass(frozen=True)
class Put:
    """The record exists and reads like this. *record* has been validated by its collection's schema."""

    collection: str
    key: str
    record: Mapping[str, Any]


@dataclass(frozen=True)
class Gone:
    """The record does not exist any more."""

    collection: str
    key: str


Change = Put | Gone
