"""A machine that plays random histories: three devices, one server, and a post office that delays pages."""

import re
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from sqlalchemy import delete, insert, select, update

from backend.db import Sessions, snapshot
from backend.feed import positions
from backend.feed.changes import publish
from backend.feed.models import FeedHead, FeedRow, FeedStream
from backend.identity.models import Assignment, Rep, RoleCollection
from backend.sync import grants, pull
from backend.sync.page import Page
from sync_protocol.change import Change, Gone, Put
from tests.histories.checks import alive_twice, differences, view
from tests.histories.devices import content
from tests.histories.world import NAMES, REPS, ROLES, TERRITORIES, WAREHOUSES, World, canary
from tests.sync.replica import NOW, Replica

KEYS = ("1", "2", "3")
CANARY = re.compile(rb"<[a-z_]+/\d/\d+>")
TABLES = (FeedHead, FeedStream, FeedRow, Assignment, RoleCollection)
LETTERS = 5
"""At most so many pages are on their way to one device."""

rep_ids = st.sampled_from(REPS)
channels = st.sampled_from(
    [f"territory:{name}" for name in TERRITORIES] + [f"warehouse:{name}" for name in WAREHOUSES]
)
sizes = st.sampled_from([1, 200, None])
"""Bytes of a page: one row, a few rows, all."""
few_names = st.just(frozenset()) | st.frozensets(st.sampled_from(NAMES), max_size=2)
FIELDS: dict[str, tuple[str, list[Any]]] = {
    "customers": ("territory", [*TERRITORIES, None]),
    "orders": ("customer_id", [*KEYS, None]),
    "receivables": ("customer_id", [*KEYS, None]),
    "stock_levels": ("warehouse_id", [*WAREHOUSES, None]),
    "submissions": ("rep", list(REPS)),
    "units": ("symbol", ["u"]),
}
"""The field that decides who hears a record of the collection, and what may stand in it."""


@st.composite
def wishes(draw: st.DrawFn) -> tuple[str, str, str | None, bool]:
    """Draw (collection, key, deciding field, whether it is deleted); customers come most often."""
    collection = draw(st.sampled_from(("customers", "customers", "customers", "orders", *NAMES)))
    decides = draw(st.sampled_from(FIELDS[collection][1]))
    return collection, draw(st.sampled_from(KEYS)), decides, draw(st.integers(0, 5)) == 5


class Histories(RuleBasedStateMachine):
    """Three devices, one server, and a post office that delays and repeats pages."""

    def __init__(self, sessions: Sessions) -> None:
        super().__init__()
        self.sessions, self.world, self.version = sessions, World(), 0
        self.backup: tuple[dict[Any, list[dict[str, Any]]], World] | None = None
        self.devices = {rep: Replica(sessions, rep) for rep in REPS}
        self.post: dict[str, list[tuple[Page, str | None]]] = {rep: [] for rep in REPS}
        empty(sessions)

    @initialize(grants=st.lists(channels, min_size=3, max_size=3), role_lacks=few_names)
    def begin(self, grants: list[str], role_lacks: frozenset[str]) -> None:
        """A company begins with a territory or warehouse for each rep, and with records."""
        for role in sorted(set(ROLES.values())):
            self.set_role(role, role_lacks)
        for rep, channel in zip(REPS, grants, strict=True):
            self.assign(rep, channel)
        for key, territory in zip(KEYS, (*TERRITORIES, *TERRITORIES), strict=False):
            self.say([("customers", key, territory, False), ("orders", key, key, False)])

    @rule(wished=st.lists(wishes(), min_size=2, max_size=6))
    def say(self, wished: list[tuple[str, str, str | None, bool]]) -> None:
        changes = [self._change(*wish) for wish in wished]
        with self.sessions() as session, session.begin():
            publish(session, changes)
        self.world.note(changes)
        assert alive_twice(self.sessions) == []

    def _change(self, collection: str, key: str, decides: str | None, gone: bool) -> Change:
        if gone:
            return Gone(collection, key)
        self.version += 1
        name = FIELDS[collection][0]
        record = {"id": key, name: decides, "canary": canary((collection, key), self.version)}
        return Put(collection, key, record)

    @rule(rep=rep_ids, channel=channels)
    def assign(self, rep: str, channel: str) -> None:
        with self.sessions() as session, session.begin():
            grants.assign(session, rep, channel, NOW)
        self.world.assigned[rep].add(channel)

    @rule(rep=rep_ids, channel=channels)
    def unassign(self, rep: str, channel: str) -> None:
        with self.sessions() as session, session.begin():
            grants.unassign(session, rep, channel, NOW)
        self.world.assigned[rep].discard(channel)

    @rule(role=st.sampled_from(sorted(set(ROLES.values()))), lacks=few_names)
    def set_role(self, role: str, lacks: frozenset[str]) -> None:
        names = set(NAMES) - lacks
        with self.sessions() as session, session.begin():
            grants.set_role(session, role, names)
        self.world.roles[role] = names

    @rule(rep=rep_ids, schema=st.sampled_from([1, 2]))
    def change_app(self, rep: str, schema: int) -> None:
        self.devices[rep].schema = schema

    @rule()
    def back_up(self) -> None:
        """Keep what stands in the tables now."""
        with self.sessions() as session:
            snapshot(session)
            rows = {table: session.execute(select(table.__table__)).mappings().all() for table in TABLES}
        self.backup = (
            {table: [dict(row) for row in found] for table, found in rows.items()},
            deepcopy(self.world),
        )

    @rule()
    def restore(self) -> None:
        """Put the last backup back and begin a new epoch, as the restore command does; whatever came after
        the backup is lost. Without a backup only the epoch is new."""
        with self.sessions() as session, session.begin():
            if self.backup:
                rows, world = self.backup
                for table in TABLES:
                    session.execute(delete(table))
                    if rows[table]:
                        session.execute(insert(table), rows[table])
                self.world = deepcopy(world)
            positions.new_epoch(session)

    @rule(rep=rep_ids, size=sizes, pages=st.integers(1, 4))
    def pull(self, rep: str, size: int | None, pages: int) -> None:
        """Ask, and get the page at once; perhaps some more."""
        for _ in range(pages):
            page, asked = self._ask(rep, size)
            self._receive(rep, page, asked)

    @rule(wished=st.lists(wishes(), min_size=2, max_size=6), rep=rep_ids, size=sizes)
    def say_and_pull(self, wished: list[tuple[str, str, str | None, bool]], rep: str, size: int | None) -> None:
        """What happens all day."""
        self.say(wished)
        self.pull(rep, size, 1)

    @rule(rep=rep_ids, size=sizes)
    def ask(self, rep: str, size: int | None) -> None:
        """Ask; the page stays in the post."""
        self.post[rep] = [*self.post[rep], self._ask(rep, size)][-LETTERS:]

    @rule(rep=rep_ids, which=st.integers(0, LETTERS - 1), again=st.booleans())
    def deliver(self, rep: str, which: int, again: bool) -> None:
        """Hand over a page from the post, late; perhaps it comes once more later."""
        if which < len(self.post[rep]):
            page, asked = self.post[rep][which] if again else self.post[rep].pop(which)
            before = content(self.devices[rep])
            wanted = asked == self.devices[rep].cursor
            self.devices[rep].apply(page, asked)
            assert wanted or content(self.devices[rep]) == before

    @rule(wished=st.lists(wishes(), min_size=2, max_size=6), rep=rep_ids, revoked=channels)
    def a_page_is_overtaken(
        self, wished: list[tuple[str, str, str | None, bool]], rep: str, revoked: str
    ) -> None:
        """What a bad line does: a page is asked for again, and the first one arrives after the second."""
        self.ask(rep, None)
        self.say(wished)
        self.unassign(rep, revoked)
        self.pull(rep, None, 1)
        self.deliver(rep, len(self.post[rep]) - 1, again=True)

    def teardown(self) -> None:
        """At rest, every replica equals what the server holds for it, and what the world says."""
        for rep, device in self.devices.items():
            for _ in range(200):
                if self._receive(rep, *self._ask(rep, None)):
                    break
            else:
                raise AssertionError(f"{rep} never became complete")
            assert differences(self.world.heard(rep, device.schema), content(device)) == []

    def _ask(self, rep: str, size: int | None) -> tuple[Page, str | None]:
        """Pull a page; in its own snapshot the server's view must be the world's, and nothing may leak."""
        device = self.devices[rep]
        with self.sessions() as session:
            snapshot(session)
            page = pull.pull(
                session, rep_id=rep, cursor_text=device.cursor, schema=device.schema, limit_bytes=size, now=NOW
            )
            ought = self.world.heard(rep, device.schema)
            assert differences(ought, view(session, rep, device.schema)) == []
        allowed = {record["canary"].encode() for record in ought.values()}
        assert set(CANARY.findall(page.body)) <= allowed, "the page holds what the rep may not hear"
        return page, device.cursor

    def _receive(self, rep: str, page: Page, asked: str | None) -> bool:
        """Apply a page that has just been asked for; if it says complete, the replica must be."""
        device = self.devices[rep]
        decoded = device.apply(page, asked)
        if not decoded["complete"] or not device.compare(decoded):
            return False
        assert differences(self.world.heard(rep, device.schema), content(device)) == []
        return True


def empty(sessions: Sessions) -> None:
    """Empty the tables: a fresh schema for every example would take most of the time."""
    with sessions() as session, session.begin():
        for table in (FeedRow, FeedStream, Assignment, RoleCollection):
            session.execute(delete(table))
        session.execute(update(FeedHead).values(position=0))
        if session.scalar(select(Rep.id).limit(1)) is None:
            for rep, role in ROLES.items():
                session.add(Rep(id=rep, name=rep, role=role, employee_number=None, active=True))
