"""What ought to be, computed without the feed: plain dictionaries and the catalogue's rules read aloud."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sync_protocol.catalogue import COLLECTIONS
from sync_protocol.change import Change, Gone, Put
from tests.stateful.histories.checks import Content, Ref

TERRITORIES = ("NW", "SE")
WAREHOUSES = ("W1",)
REPS = ("R1", "R2", "R3")
ROLES = {"R1": "sales", "R2": "sales", "R3": "service"}
NAMES = ("customers", "orders", "receivables", "stock_levels", "submissions", "units")
NEWER = {"receivables": 2}
"""Collections that only an app of this schema revision understands."""
DIMENSIONS = {
    "customers": "territory",
    "orders": "territory",
    "receivables": "territory",
    "stock_levels": "warehouse",
    "submissions": "rep",
    "units": "everyone",
}
"""In which channels a collection's records can be."""


@dataclass
class World:
    """The expected records, the streams of each rep, and the canary in each body."""

    records: dict[Ref, dict[str, Any]] = field(default_factory=dict)
    assigned: dict[str, set[str]] = field(default_factory=lambda: {rep: set() for rep in REPS})
    roles: dict[str, set[str]] = field(default_factory=lambda: {role: set() for role in ROLES.values()})

    def copy(self) -> "World":
        """Return a world of its own; records are never changed in place."""
        assigned = {rep: set(channels) for rep, channels in self.assigned.items()}
        return World(dict(self.records), assigned, {role: set(names) for role, names in self.roles.items()})

    def note(self, changes: Iterable[Change]) -> None:
        """Take over what has been published; the last word on a record counts."""
        for change in changes:
            if isinstance(change, Put):
                self.records[change.collection, change.key] = dict(change.record)
            elif isinstance(change, Gone):
                self.records.pop((change.collection, change.key), None)

    def channel(self, ref: Ref) -> str | None:
        """Return the channel of a live record; None if no rep can read it."""
        collection, record = ref[0], self.records[ref]
        if collection == "units":
            return "everyone"
        if collection in ("orders", "receivables"):
            parent = ("customers", record["customer_id"])
            return self.channel(parent) if parent in self.records else None
        name = {"customers": "territory", "stock_levels": "warehouse_id", "submissions": "rep"}[collection]
        dimension = name.removesuffix("_id")
        return f"{dimension}:{record[name]}" if record[name] else None

    def streams(self, rep: str, schema: int) -> set[tuple[str, str]]:
        """Return the (channel, collection) pairs that *rep* may read with an app of revision *schema*."""
        names = {name for name in self.roles[ROLES[rep]] if NEWER.get(name, 1) <= schema}
        channels = {"everyone", f"rep:{rep}", *self.assigned[rep]}
        return {
            (channel, name)
            for name in names
            for channel in channels
            if channel.split(":")[0] == DIMENSIONS[name]
        }

    def expected(self, rep: str, schema: int) -> Content:
        """Return what *rep* ought to hold on an app of revision *schema*."""
        streams = self.streams(rep, schema)
        return {ref: record for ref, record in self.records.items() if (self.channel(ref), ref[0]) in streams}


def canary(ref: Ref, version: int) -> str:
    """Return a text that stands in one version of one record and nowhere else."""
    return f"<{ref[0]}/{ref[1]}/{version}>"


assert set(NAMES) <= set(COLLECTIONS)
