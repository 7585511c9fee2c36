"""Field changes: one correction that is made in the bodies of many documents.

A change names a field as in `lines[].unit`, where `[]` stands for every element, the value that it has, and the
value that it gets. Other values of the field stay, so a change does to each document only what it says.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sync_protocol.json_types import Body, NewBody

_NAME = re.compile(r"[a-z_]+(?:\[\])?")


@dataclass(frozen=True)
class FieldChange:
    """*field* gets *new* wherever it is *old*. Both are JSON values without a list or an object."""

    field: str
    old: Any
    new: Any

    def to_wire(self) -> dict[str, Any]:
        """Return the change as JSON of `FieldChangeSchema`."""
        return asdict(self)


def is_field(text: str) -> bool:
    """Say whether *text* is the path of a field."""
    return all(_NAME.fullmatch(name) for name in text.split("."))


def corrected(body: Body, changes: Sequence[FieldChange]) -> tuple[NewBody, int]:
    """Return *body* after *changes*, in their order, and how many values they have changed."""
    new: NewBody = json.loads(json.dumps(body))
    return new, sum(_change(new, change.field.split("."), change) for change in changes)


def _change(place: Any, path: Sequence[str], change: FieldChange) -> int:
    """Make *change* below *place*, which is changed; return the number of changed values."""
    name, rest = path[0].removesuffix("[]"), path[1:]
    if not isinstance(place, dict) or name not in place:
        return 0
    if path[0].endswith("[]"):
        elements = place[name]
        if not isinstance(elements, list):
            return 0
        if rest:
            return sum(_change(element, rest, change) for element in elements)
        matching = [n for n, element in enumerate(elements) if _same(element, change.old)]
        for n in matching:
            elements[n] = change.new
        return len(matching)
    if rest:
        return _change(place[name], rest, change)
    if not _same(place[name], change.old):
        return 0
    place[name] = change.new
    return 1


def _same(value: Any, other: Any) -> bool:
    """Say whether two JSON values are equal; Python's `True == 1` is no equality of JSON."""
    return type(value) is type(other) and bool(value == other)
