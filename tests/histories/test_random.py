"""Random histories: whatever is published, granted, cut, delayed, repeated and restored, replicas end right.

`SATCHEL_RANDOM_EXAMPLES=2000 pytest tests/histories/test_random.py` searches longer. A failure prints the
steps that lead to it, shrunk, and how to play them again.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import event

from backend.db import Sessions
from backend.feed import changes, positions
from backend.identity import access
from backend.sync import pull
from backend.sync.pull import NotYet
from sync_protocol.catalogue import COLLECTIONS
from tests.conftest import prepared
from tests.histories.machine import Histories
from tests.histories.weaken import (
    apply_every_page,
    guess_whether_more_is_behind,
    make_the_cursor_one_per_channel,
)
from tests.histories.world import NEWER
from tests.sync.replica import NOW

STEPS = 30


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages may be as small as one row, and some collections are newer than others."""
    monkeypatch.setattr(pull, "LIMITS", replace(pull.LIMITS, page_bytes_least=1))
    for name, since in NEWER.items():
        monkeypatch.setitem(COLLECTIONS, name, replace(COLLECTIONS[name], since=since))


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Sessions]:
    """Sessions on SQLite that does not wait for the disk: nothing here cuts the power."""
    maker = prepared(f"sqlite:///{tmp_path / 'satchel.sqlite'}")
    engine: Any = maker.kw["bind"]
    engine.dispose()
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    yield maker
    maker.kw["bind"].dispose()


def search(sessions: Sessions, examples: int, **more: Any) -> None:
    """Play *examples* random histories on the database of *sessions*."""
    quick = settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
        **more,
    )
    run_state_machine_as_test(lambda: Histories(sessions), settings=quick)


def test_random_histories_end_with_replicas_that_equal_the_server(embedded: Sessions) -> None:
    search(embedded, int(os.environ.get("SATCHEL_RANDOM_EXAMPLES", "40")))


def test_random_histories_end_so_on_postgresql_too(on_postgresql: Sessions) -> None:
    search(on_postgresql, int(os.environ.get("SATCHEL_RANDOM_EXAMPLES", "10")))


def nothing_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let orders stay where they are when their customer moves."""
    monkeypatch.setattr(changes, "_take_along", lambda *_: iter(()))


def a_restore_begins_no_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let positions begin to repeat under the old epoch's name."""
    monkeypatch.setattr(positions, "new_epoch", lambda session: "the old one")


def reps_hear_what_they_once_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Grant what late documents may still cite."""
    monkeypatch.setattr(access, "channels", lambda session, rep: access.channels_ever(session, rep, NOW))


WEAKENED: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "cursor per channel": make_the_cursor_one_per_channel,
    "late pages applied": partial(apply_every_page, keep_newer_cursor=False),
    "late pages applied under the newer cursor": partial(apply_every_page, keep_newer_cursor=True),
    "a full page is the last one": partial(guess_whether_more_is_behind, guess=[]),
    "nothing follows": nothing_follows,
    "no epoch": a_restore_begins_no_epoch,
    "what was once heard": reps_hear_what_they_once_heard,
}


@pytest.mark.parametrize("weaken", list(WEAKENED.values()), ids=list(WEAKENED))
def test_the_random_search_finds_a_weakened_rule(
    weaken: Callable[[pytest.MonkeyPatch], None], embedded: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    weaken(monkeypatch)
    with pytest.raises((AssertionError, NotYet)):
        search(embedded, 300, derandomize=True, database=None, phases=[Phase.generate])
