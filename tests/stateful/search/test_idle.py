"""The idle poll's one look agrees with the page, whatever happened: neither "nothing" where something is,
nor a page where nothing is."""

from typing import Any

import pytest
from hypothesis import Phase

from backend.database.core import snapshot
from backend.database.snapshot_reads import read_connection
from backend.identity.models import Device
from backend.identity.tokens import Claims
from backend.sync import idle, pull
from backend.sync.pull import NotYet
from sync_protocol.cursor import Mark, decode_cursor
from tests.stateful.histories.world import REPS
from tests.stateful.search.conditions import MakeServer
from tests.stateful.search.real import BYTES, RealServer
from tests.stateful.search.searching import both_kinds, search
from tests.stateful.search.server import Behind
from tests.unit.sync.replica import NOW


class LookingServer(RealServer):
    """Looks before each pull, and compares; *found* counts both answers."""

    def __init__(self, real: RealServer, found: dict[bool, int]) -> None:
        super().__init__(real.sessions, real.spare)
        self.found = found
        with self.sessions() as session, session.begin():
            for rep in REPS:
                if session.get(Device, rep) is None:
                    session.add(Device(id=rep, rep=rep, name="", public_key={}, version=1, enrolled_at=NOW))

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
            with read_connection(self.sessions.kw["bind"]) as connection:  # type: ignore[attr-defined]
                claims = Claims(rep, rep, 1, 0, 0)
                who = idle.unchanged_since(connection, claims, decode_cursor(cursor), schema)
            assert (who is not None) == page.idle
            self.found[page.idle] += 1
        return page.body


def look(make: MakeServer, histories: int) -> dict[bool, int]:
    found = {True: 0, False: 0}
    search(lambda: LookingServer(make(), found), both_kinds, histories, seed=1, phases=[Phase.generate])
    return found


def test_the_look_agrees_with_the_page_in_random_histories(on_sqlite: MakeServer) -> None:
    assert min(look(on_sqlite, 6).values()) > 5


def test_so_it_does_on_postgresql(on_postgresql: MakeServer) -> None:
    assert min(look(on_postgresql, 5).values()) > 1


def test_the_search_finds_a_look_that_forgets_what_was_gained(
    on_sqlite: MakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forgets(marks: dict[Any, Mark], heard: dict[Any, tuple[int, int]]) -> bool:
        return all(stream in heard and mark.position >= heard[stream][0] for stream, mark in marks.items())

    monkeypatch.setattr(idle, "_is_current", forgets)
    with pytest.raises(AssertionError):
        look(on_sqlite, 300)
