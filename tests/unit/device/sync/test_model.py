"""Any legal sequence of pages, segments and verifications, repeated and late, ends as the model says.

The device may be cut off between any two of its transactions, and what was asked may be answered at any time
later. Once a sync is complete the replica is what the feed says, and the device says that it is verified.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync_protocol.device.connection import Reply
from sync_protocol.device.errors import Offline, Problem
from sync_protocol.device.page import Offer, read_page
from sync_protocol.device.store import offers, replica
from sync_protocol.device.store.database import Database
from sync_protocol.device.store.partfile import PartFile, PartFolder
from sync_protocol.device.store.replica import SyncState
from sync_protocol.device.sync import segments
from sync_protocol.device.sync.download import Downloader
from sync_protocol.device.sync.page_size import PageSize
from sync_protocol.device.sync.pull import Puller
from sync_protocol.device.sync.replica_check import ReplicaChecker
from sync_protocol.device.sync.report import SyncReport
from tests.unit.device.feed import Feed

NOW = "2026-11-23T09:00:00Z"
CHANNELS = ("territory:A", "territory:B", "territory:C")
STREAMS = [(channel, "customers") for channel in CHANNELS]
KEYS = ("k1", "k2", "k3")

keys = st.sampled_from(KEYS)
streams = st.sampled_from(STREAMS)
puts = st.tuples(st.just("put"), streams, keys)
pulls = st.tuples(st.just("pull"), st.integers(1, 3))
syncs = st.tuples(st.just("sync"), st.integers(1, 3), st.integers(1, 8))
lines = st.one_of(
    st.tuples(st.just("ask"), st.integers(1, 3)),
    st.tuples(st.just("deliver"), st.integers(0, 5)),
    st.tuples(st.just("fetch"), st.integers(0, 5)),
)
builds = st.tuples(st.just("build_in_segments"), streams, st.integers(1, 2))
others = st.one_of(
    st.tuples(st.just("gone"), streams, keys),
    st.tuples(st.just("grant"), streams),
    st.tuples(st.just("revoke"), streams),
    st.tuples(st.just("compact"), st.integers(0, 3)),
    st.tuples(st.just("retire"), streams),
    st.tuples(st.just("sweep")),
    st.tuples(st.just("backup")),
    st.tuples(st.just("restore")),
    st.tuples(st.just("forget cursor")),
    st.tuples(st.just("damage"), keys),
)
# Writing and pulling come more often than the rest: a rule shows only where the device holds something.
steps = st.lists(st.one_of(puts, pulls, syncs, lines, builds, others), min_size=5, max_size=50)


class Run:
    """A feed, a device, and what is still on the line: pages and segments, each with what it answers."""

    def __init__(self, db: Database, folder: PartFolder) -> None:
        self.db, self.folder, self.feed = db, folder, Feed()
        self.pages: list[tuple[SyncState, dict[str, Any]]] = []
        self.fetched: list[tuple[Offer, bytes]] = []
        self.feed.grant(*STREAMS)
        self.backup = self.feed.backup()
        self.count = 0
        self.limit = 2
        self.answers_left = 0
        self.report = SyncReport()
        self.may_differ = False
        """Storage was damaged, or the server restored, since the replica was last proven."""

    def take(self, step: tuple[Any, ...]) -> None:
        feed, (name, *rest) = self.feed, step
        if name == "put":
            (channel, collection), key = rest
            self.count += 1
            feed.put(channel, collection, key, {"id": key, "n": self.count})
        elif name == "gone":
            (_, collection), key = rest
            feed.gone(collection, key)
        elif name in ("grant", "revoke", "retire", "sweep", "build_in_segments"):
            getattr(feed, name)(*rest)
        elif name == "compact":
            feed.compact(feed.now.position - rest[0])
        elif name == "backup":
            self.backup = feed.backup()
        elif name == "restore":
            feed.restore(self.backup)
            self.may_differ = True
        elif name in ("ask", "pull"):
            state = replica.sync_state(self.db)
            self.pages.append((state, self.page(state.cursor, rest[0])))
            if name == "pull":
                self.apply(*self.pages[-1])
        elif name == "deliver" and self.pages:
            # It stays on the line: any page may arrive again, and after any other.
            self.apply(*self.pages[rest[0] % len(self.pages)])
        elif name == "fetch":
            self.fetch(rest[0])
        elif name == "sync":
            self.sync(*rest)
        elif name == "forget cursor":
            replica.forget_cursor(self.db, replica.sync_state(self.db))
        elif name == "damage":
            # What is stored has changed: nothing of it is to be trusted until it is looked at.
            self.may_differ = True
            self.db.run("UPDATE record SET body = replace(body, 'n', 'm') WHERE key = ?", *rest)

    def page(self, cursor: str | None, rows: int) -> dict[str, Any]:
        self.feed.page_rows = rows
        return self.feed.page_after(cursor)

    def apply(self, state: SyncState, page: dict[str, Any]) -> None:
        replica.apply(self.db, read_page(page, None), state, NOW)

    def fetch(self, which: int) -> None:
        """Fetch the next segment and apply it, and after it one that came earlier, a second time."""
        offer = offers.next_pending(self.db)
        if offer is not None and offer.sha256 in self.feed.files:
            self.fetched.append((offer, self.feed.files[offer.sha256]))
        elif offer is not None:
            with self.db.writing():
                offers.forget_pending(self.db)
        for offer, data in (
            self.fetched[-1:] + self.fetched[which % len(self.fetched) :][:1] if self.fetched else []
        ):
            segments.apply(self.db, offer, segments.read(offer, data))

    def sync(self, limit: int, answers: int) -> None:
        """Sync for real; the line breaks after so many answers."""
        self.limit, self.answers_left, self.report = limit, answers, SyncReport()
        downloader = Downloader(self.db, self.folder, self.download, self.report, on_progress=self.show_nothing)
        puller = Puller(
            self.db,
            self.send,
            downloader,
            self.report,
            now=lambda: NOW,
            size=PageSize(),
            on_progress=self.show_nothing,
        )
        try:
            puller.until_complete()
            ReplicaChecker(self.db, self.send, puller, self.report, rehash=True).run()
        except Offline:
            return
        self.may_differ = False

    def show_nothing(self, report: SyncReport) -> None:
        """Show nothing."""

    def answered(self) -> None:
        if not self.answers_left:
            raise Offline("the line broke", sent=True)
        self.answers_left -= 1

    def send(self, method: str, path: str, **more: Any) -> Reply:
        self.answered()
        if path == "/v1/verify":
            # The rules alone must lead to the right rows: the proof is there for what no rule can see.
            assert self.may_differ, "pages and segments led to other rows than the server has"
            value = self.feed.verify(json.loads(more["content"]))
        else:
            value = self.page(more["params"].get("cursor"), self.limit)
        return Reply(200, httpx.Headers(), value)

    def download(self, where: str, part: PartFile, **more: Any) -> None:
        self.answered()
        data = self.feed.files.get(part.sha256)
        if data is None:
            raise Problem(410, {"code": "segment_gone"})
        with part.writing(200, {}) as write:
            write(data)


def play(taken: list[tuple[Any, ...]]) -> None:
    """Take the steps, sync, and compare the replica with the feed."""
    with tempfile.TemporaryDirectory() as folder:
        db = Database(Path(":memory:"))
        try:
            run = Run(db, PartFolder(Path(folder)))
            for step in taken:
                run.take(step)
            run.sync(2, 1000)
            assert run.report.complete and run.report.verified, run.report
            records = {("customers", record["id"]): record for record in replica.records(db, "customers")}
            assert records == run.feed.live()
        finally:
            db.close()


@settings(max_examples=300, deadline=None)
@given(steps)
def test_a_complete_replica_is_what_the_feed_says(taken: list[tuple[Any, ...]]) -> None:
    play(taken)


@pytest.mark.full
@settings(max_examples=1_000, deadline=None)
@given(steps)
def test_a_complete_replica_is_what_the_feed_says_in_a_thousand_histories(taken: list[tuple[Any, ...]]) -> None:
    play(taken)
