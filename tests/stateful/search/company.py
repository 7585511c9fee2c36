"""Events at a company apart from its phones: writers, grants, maintenance, backups and standbys."""

import re
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from sync_protocol.change import Change, Gone, Put
from tests.stateful.histories.world import NAMES, REPS, ROLES, TERRITORIES, WAREHOUSES, World, canary
from tests.stateful.phones import Phone
from tests.stateful.search.server import Locked, Server

KEYS = ("1", "2", "3", "4")
CANARY = re.compile(rb"<[a-z_]+/\w+/\d+>")
MAX_IN_TRANSIT = 5
"""The limit for pages, and for segments, in transit to one phone."""
ROUNDS = 60

rep_ids = st.sampled_from(REPS)
channels = st.sampled_from(
    [f"territory:{name}" for name in TERRITORIES] + [f"warehouse:{name}" for name in WAREHOUSES]
)
sizes = st.sampled_from([1, 3, None])
"""Rows of a page."""
few_names = st.just(frozenset()) | st.frozensets(st.sampled_from(NAMES), max_size=2)
cuts = st.lists(st.sampled_from(KEYS), max_size=2)
FIELDS: dict[str, tuple[str, list[Any]]] = {
    "customers": ("territory", [*TERRITORIES, None]),
    "orders": ("customer_id", [*KEYS, None]),
    "receivables": ("customer_id", [*KEYS, None]),
    "stock_levels": ("warehouse_id", [*WAREHOUSES, None]),
    "submissions": ("rep", list(REPS)),
    "units": ("symbol", ["u"]),
}
"""The field that decides the channel of a record of the collection, and its possible values."""


@st.composite
def record_changes(draw: st.DrawFn) -> tuple[str, str, str | None, bool]:
    """Draw (collection, key, deciding field, whether it is deleted); customers come most often."""
    collection = draw(st.sampled_from(("customers", "customers", "customers", "orders", *NAMES)))
    decides = draw(st.sampled_from(FIELDS[collection][1]))
    return collection, draw(st.sampled_from(KEYS)), decides, draw(st.integers(0, 4)) == 4


change_lists = st.lists(record_changes(), min_size=1, max_size=5)


class Company(RuleBasedStateMachine):
    """A server and what happens to it; what its phones do stands in `tests.stateful.search.state_machine`."""

    def __init__(self, server: Server, phones: dict[str, Phone]) -> None:
        super().__init__()
        self.server, self.phones, self.world = server, phones, World()
        self.standby: tuple[Server, World] | None = None
        self.backup: tuple[Any, World] | None = None
        self.waiting: list[Change] | None = None
        """What the open writer has published and not committed."""
        self.pages_in_transit: dict[str, list[tuple[bytes, Any]]] = {rep: [] for rep in REPS}
        self.segments_in_transit: dict[str, list[tuple[Any, bytes]]] = {rep: [] for rep in REPS}
        self.streams_by_canary: dict[bytes, set[tuple[str, str]]] = {}
        """The streams in which each canary was ever live."""
        self.captured: dict[str, set[str]] = {rep: set() for rep in REPS}
        self.seen_by_rep: dict[str, tuple[str, int]] = {}
        self.version = 0

    # Writers

    @initialize(grants=st.lists(channels, min_size=3, max_size=3), role_lacks=few_names)
    def begin(self, grants: list[str], role_lacks: frozenset[str]) -> None:
        """A company begins with a territory or warehouse for each rep, and with records."""
        for role in sorted(set(ROLES.values())):
            self.set_role(role, role_lacks)
        for rep, channel in zip(REPS, grants, strict=True):
            self.assign(rep, channel)
        for key, territory in zip(KEYS, (*TERRITORIES, *TERRITORIES), strict=False):
            self.publish([("customers", key, territory, False), ("orders", key, key, False)])

    @rule(specs=change_lists)
    def publish(self, specs: list[tuple[str, str, str | None, bool]]) -> None:
        changes = [self._change(*spec) for spec in specs]
        if self._writes(lambda: self.server.publish(changes)):
            self._note(changes)

    def _change(self, collection: str, key: str, decides: str | None, gone: bool) -> Change:
        if gone:
            return Gone(collection, key)
        self.version += 1
        name = FIELDS[collection][0]
        record = {"id": key, name: decides, "canary": canary((collection, key), self.version)}
        return Put(collection, key, record)

    def _note(self, changes: list[Change]) -> None:
        self.world.note(changes)
        for ref, record in self.world.records.items():
            channel = self.world.channel(ref)
            for text in CANARY.findall(repr(record).encode()) if channel else ():
                self.streams_by_canary.setdefault(text, set()).add((channel, ref[0]))

    def _writes(self, act: Callable[[], object]) -> bool:
        """Do what takes the feed's lock; while a writer holds it, it must be refused and change nothing."""
        try:
            act()
        except Locked:
            assert self.waiting is not None, "nobody holds the lock"
            return False
        assert self.waiting is None, "two writers hold the lock at once"
        return True

    @precondition(lambda self: self.waiting is None)
    @rule(specs=change_lists)
    def open_writer(self, specs: list[tuple[str, str, str | None, bool]]) -> None:
        """A writer publishes and does not commit yet: nobody may see it, and nobody may pass it."""
        self.waiting = [self._change(*spec) for spec in specs]
        self.server.begin(self.waiting)

    @precondition(lambda self: self.waiting is not None)
    @rule(wins=st.booleans())
    def close_writer(self, wins: bool) -> None:
        changes, self.waiting = self.waiting or [], None
        if wins:
            self.server.commit()
            self._note(changes)
        else:
            self.server.roll_back()

    @rule(rep=rep_ids, channel=channels)
    def assign(self, rep: str, channel: str) -> None:
        if self._writes(lambda: self.server.assign(rep, channel)):
            self.world.assigned[rep].add(channel)

    @rule(rep=rep_ids, channel=channels)
    def unassign(self, rep: str, channel: str) -> None:
        if self._writes(lambda: self.server.unassign(rep, channel)):
            self.world.assigned[rep].discard(channel)

    @rule(role=st.sampled_from(sorted(set(ROLES.values()))), lacks=few_names)
    def set_role(self, role: str, lacks: frozenset[str]) -> None:
        names = set(NAMES) - lacks
        if self._writes(lambda: self.server.set_role(role, names)):
            self.world.roles[role] = names

    # Maintenance

    @rule(behind=st.integers(0, 6))
    def compact(self, behind: int) -> None:
        """Tombstones go that lie *behind* the head or further."""
        self._writes(lambda: self.server.compact(self.server.head() - behind))

    @rule(rep=rep_ids, cuts=cuts, which=st.integers(0, 5))
    def build(self, rep: str, cuts: list[str], which: int) -> None:
        """Build the segments of a stream that the rep hears."""
        streams = sorted(self.world.streams(rep, 2))
        if streams and self.waiting is None:
            self.server.build(streams[which % len(streams)], cuts)

    @rule(cuts=cuts)
    def build_customers(self, cuts: list[str]) -> None:
        """What a worker does all day."""
        if self.waiting is None:
            for territory in TERRITORIES:
                self.server.build((f"territory:{territory}", "customers"), cuts)

    @rule(territory=st.sampled_from(TERRITORIES), swept=st.booleans())
    def retire(self, territory: str, swept: bool) -> None:
        if self.waiting is None:
            self.server.retire((f"territory:{territory}", "customers"))
            if swept:
                self.server.sweep()

    @rule()
    def back_up(self) -> None:
        self.backup = self.server.dump(), self.world.copy()

    @precondition(lambda self: self.waiting is None)
    @rule()
    def restore(self) -> None:
        """Put the last backup back, in a new epoch; whatever came after it is lost."""
        dump, world = self.backup or (self.server.dump(), self.world)
        self.server.load(dump)
        self.world, self.standby = world.copy(), None

    @rule()
    def standby_catches_up(self) -> None:
        """From now on a standby holds what the primary holds now."""
        dump = self.server.dump()
        self.standby = self.server.standby(dump), self.world.copy()
