"""Any legal sequence of pages, repeated and late, ends as the model says once a page is complete."""

from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sync_protocol.device import replica
from sync_protocol.device.database import Database
from sync_protocol.device.page import read_page
from sync_protocol.device.replica import Held
from tests.device.feed_model import Feed

CHANNELS = ("territory:A", "territory:B", "territory:C")
STREAMS = [(channel, "customers") for channel in CHANNELS]
KEYS = ("k1", "k2")

keys = st.sampled_from(KEYS)
streams = st.sampled_from(STREAMS)
puts = st.tuples(st.just("put"), streams, keys)
pulls = st.tuples(st.just("pull"), st.integers(1, 3))
lines = st.one_of(
    st.tuples(st.just("ask"), st.integers(1, 3)),
    st.tuples(st.just("deliver"), st.integers(0, 5)),
)
others = st.one_of(
    st.tuples(st.just("gone"), streams, keys),
    st.tuples(st.just("grant"), streams),
    st.tuples(st.just("revoke"), streams),
    st.tuples(st.just("restart"), streams),
    st.tuples(st.just("backup")),
    st.tuples(st.just("restore")),
    st.tuples(st.just("forget cursor")),
)
# Writing and pulling come more often than the rest: a rule shows only where the device holds something.
steps = st.lists(st.one_of(puts, pulls, lines, others), min_size=5, max_size=50)


class Run:
    """A feed, a device, and the pages that are still on the line."""

    def __init__(self, db: Database) -> None:
        self.db, self.feed = db, Feed()
        self.line: list[tuple[Held, dict[str, Any]]] = []
        self.feed.grant(*STREAMS)
        self.backup = self.feed.saved()
        self.count = 0

    def take(self, step: tuple[Any, ...]) -> None:
        feed, (name, *rest) = self.feed, step
        if name == "put":
            (channel, collection), key = rest
            self.count += 1
            feed.put(channel, collection, key, {"id": key, "n": self.count})
        elif name == "gone":
            (_, collection), key = rest
            feed.gone(collection, key)
        elif name in ("grant", "revoke", "restart"):
            getattr(feed, name)(rest[0])
        elif name == "backup":
            self.backup = feed.saved()
        elif name == "restore":
            feed.restore(self.backup)
        elif name in ("ask", "pull"):
            held = replica.held(self.db)
            self.line.append((held, feed.page(held.cursor, rest[0])))
            if name == "pull":
                self.apply(*self.line[-1])
        elif name == "deliver" and self.line:
            # It stays on the line: any page may arrive again, and after any other.
            self.apply(*self.line[rest[0] % len(self.line)])
        elif name == "forget cursor":
            replica.forget_cursor(self.db, replica.held(self.db))

    def apply(self, asked: Held, value: dict[str, Any]) -> None:
        replica.apply(self.db, read_page(value, None), asked, "2026-11-23T09:00:00Z")

    def finish(self) -> None:
        for _ in range(200):
            held = replica.held(self.db)
            value = self.feed.page(held.cursor, 2)
            self.apply(held, value)
            if value["complete"]:
                return
        raise AssertionError("no page was ever complete")


@settings(max_examples=1000, deadline=None)
@given(steps)
def test_a_complete_replica_is_what_the_feed_says(taken: list[tuple[Any, ...]]) -> None:
    db = Database(Path(":memory:"))
    try:
        run = Run(db)
        for step in taken:
            run.take(step)
        run.finish()
        held = {("customers", record["id"]): record for record in replica.records(db, "customers")}
        assert held == run.feed.live()
    finally:
        db.close()
