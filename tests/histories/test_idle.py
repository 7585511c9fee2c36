"""The idle poll's one look agrees with the page, whatever happened: neither "nothing" where something is,
nor a page where nothing is."""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from backend.db import Sessions, looking
from backend.identity.models import Device
from backend.identity.tokens import Claims
from backend.sync import idle
from backend.sync.page import Page
from sync_protocol.cursor import Mark, decode_cursor
from tests.histories.machine import Histories
from tests.histories.test_random import STEPS, embedded, small_pages
from tests.histories.world import REPS
from tests.sync.replica import NOW

__all__ = ["embedded", "small_pages"]


class Looking(Histories):
    """Looks before each pull, and compares."""

    def __init__(self, sessions: Sessions, found: dict[bool, int]) -> None:
        super().__init__(sessions)
        self.found = found
        with sessions() as session, session.begin():
            for rep in REPS:
                if session.get(Device, rep) is None:
                    session.add(Device(id=rep, rep=rep, name="", public_key={}, version=1, enrolled_at=NOW))

    def _ask(self, rep: str, size: int | None) -> tuple[Page, str | None]:
        page, asked = super()._ask(rep, size)
        if asked is not None:
            with looking(self.sessions.kw["bind"]) as connection:  # type: ignore[attr-defined]
                claims = Claims(rep, rep, 1, 0, 0)
                who = idle.nothing_new(connection, claims, decode_cursor(asked), self.devices[rep].schema)
            assert (who is not None) == page.idle
            self.found[page.idle] += 1
        return page, asked


def search(sessions: Sessions, examples: int) -> dict[bool, int]:
    found = {True: 0, False: 0}
    quick = settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
        phases=[Phase.generate],
        derandomize=True,
        database=None,
    )
    run_state_machine_as_test(lambda: Looking(sessions, found), settings=quick)
    return found


def test_the_look_agrees_with_the_page_in_random_histories(embedded: Sessions) -> None:
    found = search(embedded, 6)
    assert min(found.values()) > 5


def test_so_it_does_on_postgresql(on_postgresql: Sessions) -> None:
    found = search(on_postgresql, 2)
    assert min(found.values()) > 1


def test_the_search_finds_a_look_that_forgets_what_was_gained(
    embedded: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forgets(marks: dict[Any, Mark], heard: dict[Any, tuple[int, int]]) -> bool:
        return all(stream in heard and mark.position >= heard[stream][0] for stream, mark in marks.items())

    monkeypatch.setattr(idle, "_holds_all", forgets)
    with pytest.raises(AssertionError):
        search(embedded, 300)
