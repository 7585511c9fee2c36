"""Channels: they decide which reps receive a record. A live record is in exactly one channel.

A channel is a dimension and a value, `territory:NW`; `everyone` has no value. A record without a channel (no
territory, or a follower without a live parent) is in `nowhere`, which no rep receives.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from sync_protocol.json_types import Record
from sync_protocol.wire_field import is_printable

EVERYONE = "everyone"
NOWHERE = "nowhere"
DIMENSIONS = ("everyone", "territory", "warehouse", "account", "rep")

_CHANNEL = re.compile(r"everyone|(territory|warehouse|account|rep):[!-9;-~\u00a1-\ud7ff\ue000-\ufffd]{1,64}")


def channel(dimension: str, value: str) -> str:
    """Return the channel of *dimension* and *value*; raises ValueError if the name is not valid."""
    name = f"{dimension}:{value}"
    if not is_channel(name):
        raise ValueError(f"not a channel: {name!r}; write territory:NW, warehouse:W1, account:C1 or rep:R1")
    return name


@lru_cache(maxsize=1024)
def is_channel(name: str) -> bool:
    """Say whether *name* is a channel to which a rep can be assigned."""
    return bool(_CHANNEL.fullmatch(name)) and is_printable(name)


def dimension_of(name: str) -> str:
    """Return the dimension of a channel: `territory` for `territory:NW`."""
    return name.partition(":")[0]


@dataclass(frozen=True)
class Everyone:
    """Every rep whose role includes the collection receives its records."""

    dimension: str = EVERYONE

    def of(self, record: Record) -> str:
        return EVERYONE


@dataclass(frozen=True)
class ByField:
    """A field of the record names its channel."""

    field: str
    dimension: str

    def of(self, record: Record) -> str:
        value = record.get(self.field)
        return channel(self.dimension, str(value)) if value else NOWHERE


@dataclass(frozen=True)
class Follows:
    """A record is in the channel of its parent, and moves with it."""

    collection: str
    via: str

    def parent_key(self, record: Record) -> str | None:
        value = record.get(self.via)
        return str(value) if value else None


ChannelRule = Everyone | ByField | Follows


def everyone() -> Everyone:
    """Declare that every rep receives this collection."""
    return Everyone()


def by_field(field: str, *, dimension: str | None = None) -> ByField:
    """Declare that *field* names the channel. *dimension* is the field's name by default."""
    return ByField(field, dimension or field)


def follows(collection: str, *, via: str) -> Follows:
    """Declare that a record follows its parent: the record of *collection* with the key in field *via*."""
    return Follows(collection, via)
