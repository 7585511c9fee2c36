"""Channels: who hears what. A live record is in exactly one.

A channel is a dimension and a value, `territory:NW`; `everyone` has no value. A record that belongs
nowhere (no territory, or a follower without a live parent) is in `nowhere`, which nobody hears.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

EVERYONE = "everyone"
NOWHERE = "nowhere"
DIMENSIONS = ("everyone", "territory", "warehouse", "account", "rep")

_CHANNEL = re.compile(r"everyone|(territory|warehouse|account|rep):[!-9;-~\u00a1-\ud7ff\ue000-\ufffd]{1,64}")


def channel(dimension: str, value: str) -> str:
    """Return the channel of *dimension* and *value*; raises ValueError where it is not a good name."""
    name = f"{dimension}:{value}"
    if not is_channel(name):
        raise ValueError(f"not a channel: {name!r}; write territory:NW, warehouse:W1, account:C1 or rep:R1")
    return name


def is_channel(name: str) -> bool:
    """Say whether *name* is a channel that somebody can be assigned to."""
    return bool(_CHANNEL.fullmatch(name))


def dimension_of(name: str) -> str:
    """Return the dimension of a channel: `territory` for `territory:NW`."""
    return name.partition(":")[0]


@dataclass(frozen=True)
class Everyone:
    """Records of this collection are heard by every rep whose role has the collection."""

    dimension: str = EVERYONE

    def of(self, record: Mapping[str, Any]) -> str:
        return EVERYONE


@dataclass(frozen=True)
class ByField:
    """Records of this collection are heard in the channel that one of their fields names."""

    field: str
    dimension: str

    def of(self, record: Mapping[str, Any]) -> str:
        value = record.get(self.field)
        return channel(self.dimension, str(value)) if value else NOWHERE


@dataclass(frozen=True)
class Follows:
    """Records of this collection are where their parent is, and move when it moves."""

    collection: str
    via: str

    def parent_key(self, record: Mapping[str, Any]) -> str | None:
        value = record.get(self.via)
        return str(value) if value else None


ChannelRule = Everyone | ByField | Follows


def everyone() -> Everyone:
    """Declare that every rep hears this collection."""
    return Everyone()


def by_field(field: str, *, dimension: str | None = None) -> ByField:
    """Declare that *field* names the channel; *dimension* is the field's own name unless told."""
    return ByField(field, dimension or field)


def follows(collection: str, *, via: str) -> Follows:
    """Declare that a record is heard where the record of *collection* that field *via* names is heard."""
    return Follows(collection, via)
