"""What is read before Flask agrees with the page, whatever happened.

The idle poll's one look says neither "nothing" where something is, nor the other way round. A delta that is
read in one statement has the bytes of the page that a session reads.
"""

from typing import Any

import pytest
from hypothesis import Phase

from backend.database.core import snapshot
from backend.database.snapshot_reads import read_connection
from backend.identity.models import Device
from backend.identity.tokens import AccessToken
from backend.sync import delta, idle, pull
from backend.sync.pull import NotYet
from sync_protocol.cursor import Mark
from tests.databases import engine_of
from tests.feed_model.feed import Behind
from tests.stateful.histories.world import REPS
from tests.stateful.search.conditions import MakeServer
from tests.stateful.search.real import BYTES, RealServer
from tests.stateful.search.searching import both_kinds, search
from tests.unit.sync.replica import NOW


class LookingServer(RealServer):
    """Looks before each pull, and compares; *counts* holds how often each answer came, and `deltas` how many
    pages with rows were also read in one statement."""

    def __init__(self, real: RealServer, counts: dict[bool, int], deltas: list[int]) -> None:
        super().__init__(real.sessions, real.spare)
        self.counts, self.deltas = counts, deltas
        with self.sessions() as session, session.begin():
            for rep in REPS:
                if session.get(Device, rep) is None:
                    times = {"enrolled_at": NOW, "family_began_at": NOW, "refreshed_at": NOW}
                    session.add(Device(id=rep, rep=rep, name="", public_key={}, version=1, **times))

    def pull(self, rep: str, cursor: str | None, schema: int, rows: int | None) -> bytes:
        with self.sessions() as session:
            snapshot(session)
            try:
                page = pull.pull(
                    session, rep_id=rep, cursor_text=cursor, schema=schema, limit_bytes=BYTES[rows], now=NOW
                )
            except NotYet:
                raise Behind from None
        if cursor is not None:
            with read_connection(engine_of(self.sessions)) as connection:
                token = AccessToken(rep, rep, 1, 0, 0, "kid")
                unchanged = idle.unchanged_since(connection, token, cursor, schema)
                if engine_of(self.sessions).dialect.name == "postgresql":
                    joined = delta.read(
                        connection, token, cursor_text=cursor, schema=schema, limit_bytes=BYTES[rows], now=NOW,
                        poll_after=page.poll_after,
                    )  # fmt: skip
                    if joined is not None:
                        assert joined[1] == page
                        self.deltas.append(page.rows)
            assert (unchanged is not None) == page.idle
            self.counts[page.idle] += 1
        return page.body


def compare_with_pages(make: MakeServer, histories: int, deltas: list[int] | None = None) -> dict[bool, int]:
    counts = {True: 0, False: 0}
    read = [] if deltas is None else deltas
    search(lambda: LookingServer(make(), counts, read), both_kinds, histories, seed=1, phases=[Phase.generate])
    return counts


def test_the_idle_check_agrees_with_the_page_in_random_histories(on_sqlite: MakeServer) -> None:
    assert min(compare_with_pages(on_sqlite, 6).values()) > 5


def test_the_idle_check_and_the_delta_agree_with_the_page_on_postgresql(on_postgresql: MakeServer) -> None:
    deltas: list[int] = []
    assert min(compare_with_pages(on_postgresql, 5, deltas).values()) > 1
    assert any(deltas) and not all(deltas)


def test_the_search_finds_an_idle_check_that_ignores_new_streams(
    on_sqlite: MakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forgets(marks: dict[Any, Mark], heads: dict[Any, tuple[int, int]]) -> bool:
        return all(stream in heads and mark.position >= heads[stream][0] for stream, mark in marks.items())

    monkeypatch.setattr(idle, "_is_current", forgets)
    with pytest.raises(AssertionError):
        compare_with_pages(on_sqlite, 300)
