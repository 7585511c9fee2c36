"""A change of one record, as a publisher passes it to the feed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Stream = tuple[str, str]
"""(channel, collection): the unit of cursor, grant, head, floor and purge."""


@dataclass(frozen=True)
class Put:
    """The record exists with this content. *record* is valid by the schema of its collection.

    With *text*, *record* may lack fields from which nothing follows: neither its channel nor a key.
    """

    collection: str
    key: str
    record: Mapping[str, Any]
    text: bytes | None = None
    """Its canonical JSON, if the publisher has it already."""


@dataclass(frozen=True)
class Gone:
    """The record no longer exists."""

    collection: str
    key: str


Change = Put | Gone
