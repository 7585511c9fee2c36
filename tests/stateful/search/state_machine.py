"""A state machine that plays random histories: writers, reps with phones, pages in transit, and failures.

Everything random is drawn by Hypothesis, so that a failure shrinks to its shortest history and plays again.
"""

import json
import zlib
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule
from ulid import ULID

from sync_protocol.change import Put
from sync_protocol.cursor import decode_cursor
from tests.feed_model.feed import Behind
from tests.stateful.histories.checks import Content, differences
from tests.stateful.histories.world import World, canary
from tests.stateful.phones import document_of
from tests.stateful.search.company import (
    CANARY,
    MAX_IN_TRANSIT,
    ROUNDS,
    Company,
    change_lists,
    channels,
    rep_ids,
    sizes,
)
from tests.stateful.search.server import Refused, Server


class Histories(Company):
    """Three phones and a server. Subclasses and callers say which server and which phones."""

    # Phones

    @rule(rep=rep_ids, schema=st.sampled_from([1, 2, 2]))
    def change_app(self, rep: str, schema: int) -> None:
        self.phones[rep].schema = schema

    @rule(rep=rep_ids, size=sizes, pages=st.integers(1, 4), behind=st.booleans())
    def pull(self, rep: str, size: int | None, pages: int, behind: bool) -> None:
        """Ask, and get the page at once; perhaps some more; perhaps from the standby."""
        for _ in range(pages):
            self._pull(rep, size, self.standby if behind else None)

    @rule(specs=change_lists, rep=rep_ids, size=sizes)
    def publish_and_pull(
        self, specs: list[tuple[str, str, str | None, bool]], rep: str, size: int | None
    ) -> None:
        """What happens all day."""
        self.publish(specs)
        self._pull(rep, size, None)

    @rule(rep=rep_ids, size=sizes)
    def ask(self, rep: str, size: int | None) -> None:
        """Request a page; it stays in transit."""
        state = self.phones[rep].sync_state()
        self.pages_in_transit[rep] = [*self.pages_in_transit[rep], (self._page(rep, size, None)[0], state)][
            -MAX_IN_TRANSIT:
        ]

    @rule(rep=rep_ids, which=st.integers(0, MAX_IN_TRANSIT - 1), again=st.booleans())
    def deliver(self, rep: str, which: int, again: bool) -> None:
        """Deliver a page in transit, late; perhaps it is delivered again later."""
        phone, pages_in_transit = self.phones[rep], self.pages_in_transit[rep]
        if which < len(pages_in_transit):
            page, state = pages_in_transit[which] if again else pages_in_transit.pop(which)
            acceptable, before = phone.accepts(state), phone.content()
            assert phone.apply_page(page, state) == acceptable
            assert acceptable or phone.content() == before

    @rule(rep=rep_ids, count=st.integers(1, 3), late=st.booleans())
    def download(self, rep: str, count: int, late: bool) -> None:
        """Fetch and apply some of the offers; *late* ones stay in transit for a while."""
        for offer in list(self.phones[rep].offers())[:count]:
            data = self._segment(rep, offer)
            if data is None:
                return
            if late:
                self.segments_in_transit[rep] = [*self.segments_in_transit[rep], (offer, data)][
                    -MAX_IN_TRANSIT:
                ]
            else:
                assert self.phones[rep].apply_segment(offer, data)

    @rule(rep=rep_ids, which=st.integers(0, MAX_IN_TRANSIT - 1), again=st.booleans())
    def deliver_segment(self, rep: str, which: int, again: bool) -> None:
        phone, segments_in_transit = self.phones[rep], self.segments_in_transit[rep]
        if which < len(segments_in_transit):
            offer, data = segments_in_transit[which] if again else segments_in_transit.pop(which)
            is_offered, before = offer in phone.offers(), phone.content()
            assert phone.apply_segment(offer, data) == is_offered
            assert is_offered or phone.content() == before

    @rule(rep=rep_ids, cut=st.floats(0, 1, exclude_max=True), flipped=st.booleans())
    def download_is_cut(self, rep: str, cut: float, flipped: bool) -> None:
        """A segment ends at any byte, or has one that is wrong: nothing of it is applied."""
        phone = self.phones[rep]
        for offer in list(phone.offers())[:1]:
            data = self._segment(rep, offer)
            if data is None:
                return
            at = int(len(data) * cut)
            damaged = data[:at] + (bytes([data[at] ^ 1]) + data[at + 1 :] if flipped else b"")
            before, standing = phone.content(), phone.cursor()
            try:
                phone.apply_segment(offer, damaged)
            except Exception as refusal:
                technical = getattr(refusal, "technical", "")
                assert "segment" in f"{type(refusal).__name__} {refusal} {technical}".lower()
            else:
                raise AssertionError("a damaged segment was taken for a good one")
            assert (phone.content(), phone.cursor()) == (before, standing)

    @rule(specs=change_lists, rep=rep_ids, revoked=channels)
    def a_page_is_overtaken(
        self, specs: list[tuple[str, str, str | None, bool]], rep: str, revoked: str
    ) -> None:
        """A bad connection: a page is requested again, and the first one arrives after the second."""
        self.ask(rep, None)
        self.publish(specs)
        self.unassign(rep, revoked)
        self._pull(rep, None, None)
        self.deliver(rep, len(self.pages_in_transit[rep]) - 1, again=True)

    @rule(rep=rep_ids)
    def forget_cursor(self, rep: str) -> None:
        self.phones[rep].start_again()
        # What it saw went with the cursor: a standby that lags may now serve it from the beginning.
        self.seen_by_rep.pop(rep, None)

    @rule(rep=rep_ids)
    def capture(self, rep: str) -> None:
        self.version += 1
        id = str(ULID.from_int((1 << 90) + self.version))
        self.phones[rep].capture(document_of(id, canary(("submissions", id), self.version)))
        self.captured[rep].add(id)

    @rule(rep=rep_ids, arrives=st.booleans(), answered=st.booleans(), twice=st.booleans())
    def push(self, rep: str, arrives: bool, answered: bool, twice: bool) -> None:
        """Push the outbox; the request or its answer may be lost, and the line may send it twice."""
        phone = self.phones[rep]
        documents = phone.due()
        if not documents or not arrives:
            return
        for _ in range(2 if twice else 1):
            results = self._push(rep, documents)
            if results is None:
                return
        if answered:
            phone.take_results(documents, results)

    def _push(self, rep: str, documents: list[Any]) -> list[Any] | None:
        answer: list[Any] = []
        if not self._writes(lambda: answer.append(self.server.push(rep, documents))):
            return None
        results, records = answer[0]
        assert [result["id"] for result in results] == [document["id"] for document in documents]
        assert not any(result["status"] == "refused" for result in results)
        self._note([Put("submissions", id, record) for id, record in records.items()])
        return results

    # What must be true

    @invariant()
    def the_outbox_survives(self) -> None:
        for rep, phone in self.phones.items():
            assert phone.outbox() == self.captured[rep]

    def teardown(self) -> None:
        """At rest every phone equals the server and the world; so does one that begins today."""
        if self.waiting is not None:
            self.close_writer(wins=True)
        for rep, phone in self.phones.items():
            documents = phone.due()
            self._settle(rep)
            documents = phone.due()
            if documents:
                results = self._push(rep, documents)
                assert results is not None
                phone.take_results(documents, results)
                self._settle(rep)
            stored = {ref[1] for ref in self.world.records if ref[0] == "submissions"}
            assert self.captured[rep] <= stored, "a document that was captured never reached the server"
            contents = phone.content()
            for schema in (phone.schema, 1):
                phone.schema = schema
                phone.start_again()
                self._settle(rep)
                if schema != 1:
                    assert phone.content() == contents, "a fresh replica is another one than an old one"

    def _settle(self, rep: str) -> None:
        """Sync until the replica is complete and proven."""
        for _ in range(ROUNDS):
            while self.phones[rep].offers():
                offer = self.phones[rep].offers()[0]
                data = self._segment(rep, offer)
                if data is None:
                    break
                assert self.phones[rep].apply_segment(offer, data)
            if self._pull(rep, None, None):
                return
        raise AssertionError(f"{rep} never became complete")

    def _pull(self, rep: str, size: int | None, standby: tuple[Server, World] | None) -> bool:
        """Pull and apply a page; return whether the phone is complete and proven, which is then checked."""
        phone = self.phones[rep]
        state = phone.sync_state()
        try:
            page, expected, complete = self._page(rep, size, standby)
        except Behind:
            assert standby, "the primary says that it is behind"
            return False
        assert phone.apply_page(page, state)
        self._moves_on(rep)
        if not complete:
            return False
        if not phone.matches_check():
            assert phone.is_unconfirmed(), "a complete page's checksum is not that of the rows it leads to"
            phone.repair(lambda question: self._verify(rep, question, standby))
            return False
        assert differences(expected, phone.content()) == []
        return True

    def _page(
        self, rep: str, size: int | None, standby: tuple[Server, World] | None
    ) -> tuple[bytes, Content, bool]:
        phone = self.phones[rep]
        server, world = standby or (self.server, self.world)
        page = server.pull(rep, phone.cursor(), phone.schema, size)
        expected = world.expected(rep, phone.schema)
        self._no_leak(page, expected)
        return page, expected, b'"complete":true' in page.replace(b" ", b"")

    def _no_leak(self, body: bytes, expected: Content) -> None:
        allowed = {text for record in expected.values() for text in CANARY.findall(repr(record).encode())}
        assert set(CANARY.findall(body)) <= allowed, "the reply holds what the rep may not read"

    def _moves_on(self, rep: str) -> None:
        """Within an epoch what a phone has seen never falls."""
        cursor = decode_cursor(self.phones[rep].cursor() or "")
        epoch, position = self.seen_by_rep.get(rep, ("", 0))
        assert cursor.epoch != epoch or cursor.seen >= position, "the cursor went back"
        self.seen_by_rep[rep] = cursor.epoch, cursor.seen

    def _segment(self, rep: str, offer: Any) -> bytes | None:
        """Fetch a segment; every canary in it was once in its stream, and the rep may read that stream."""
        phone = self.phones[rep]
        name = phone.name_of_offer(offer)
        try:
            data = self.server.segment(rep, name, phone.schema)
        except Refused:
            return None
        streams = self.world.streams(rep, 2)
        for text in CANARY.findall(zlib.decompress(data, zlib.MAX_WBITS | 16)):
            assert self.streams_by_canary[text] & streams, "the segment holds what the rep may not read"
        return data

    def _verify(self, rep: str, question: Any, standby: tuple[Server, World] | None) -> Any:
        server, world = standby or (self.server, self.world)
        phone = self.phones[rep]
        answer = server.verify(rep, question)
        self._no_leak(answer, world.expected(rep, phone.schema))
        return json.loads(answer)
