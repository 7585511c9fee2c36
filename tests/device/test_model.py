"""Any legal sequence of pages, repeated and late, ends as the model says once a page is complete."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sync_protocol.device import replica
from sync_protocol.device.database import Database
from sync_protocol.device.page import read_page
from sync_protocol.device.replica import Held
from tests.device.feed_model import Feed

CHANNELS = ("everyone", "territory:A", "territory:B")
STREAMS = [(channel, collection) for channel in CHANNELS for collection in ("customers", "orders")]
KEYS = ("k1", "k2", "k3")

keys = st.sampled_from(KEYS)
streams = st.sampled_from(STREAMS)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), streams, keys),
        st.tuples(st.just("gone"), streams, keys),
        st.tuples(st.just("grant"), streams),
        st.tuples(st.just("revoke"), streams),
        st.tuples(st.just("restart"), streams),
        st.tuples(st.just("backup")),
        st.tuples(st.just("restore")),
        st.tuples(st.just("ask"), st.integers(1, 4)),
        st.tuples(st.just("deliver"), st.integers(0, 5)),
        st.tuples(st.just("forget cursor")),
    ),
    max_size=60,
)


class Run:
    """A feed, a device, and the pages that are still on the line."""

    def __init__(self, db: Database) -> None:
        self.db, self.feed = db, Feed()
        self.line: list[tuple[Held, dict[str, Any]]] = []
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
        elif name == "ask":
            held = replica.held(self.db)
            self.line.append((held, feed.page(held.cursor, rest[0])))
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


@settings(max_examples=300, deadline=None)
@given(steps)
def test_a_complete_replica_is_what_the_feed_says(taken: list[tuple[Any, ...]]) -> None:
    with TemporaryDirectory() as folder:
        db = Database(Path(folder) / "replica.sqlite3")
        db.run("PRAGMA synchronous = OFF")
        try:
            run = Run(db)
            for step in taken:
                run.take(step)
            run.finish()
            held = {
                (collection, record["id"]): record
                for collection in ("customers", "orders")
                for record in replica.records(db, collection)
            }
            assert held == run.feed.live()
        finally:
            db.close()
