"""Segments on demand: the first pull of a large stream builds them; a pull in the meantime gets rows."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.clock import ManualClock
from backend.settings import read_settings
from backend.sync.segments import on_demand
from backend.sync.segments.build_lock import build_lock
from tests.unit.api.installation import Installation, install
from tests.unit.sync import company
from tests.unit.sync.segments.company import customers


@pytest.fixture
def large(tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    """An installation with 600 customers that R1 may read, which takes its time to build segments."""
    monkeypatch.setattr(on_demand, "TIME_LIMIT_SECONDS", 600.0)
    settings = read_settings({"SATCHEL_FOLDER": str(tmp_path / "instance")})
    with install(settings, clock, lambda sessions: customers(sessions, 0, 600) and None) as installation:
        yield installation


def first_page(large: Installation, schema: int = 2) -> tuple[int, int]:
    """Return the number of segments, and of rows of customers, in a first page."""
    page = json.loads(large.phone().pull(query={"schema": schema, "limit_bytes": 4 * 1024 * 1024}).data)
    return len(page["segments"]), sum(len(change["put"]) for change in page["changes"])


def test_the_first_pull_builds_the_segments(large: Installation) -> None:
    assert first_page(large) == (1, 0)
    assert len(list((large.settings.folder / "segments").glob("??/*"))) == 1


def test_an_older_app_gets_rows_and_nothing_is_built(large: Installation) -> None:
    assert first_page(large, schema=1) == (0, 600)
    assert not (large.settings.folder / "segments").exists()


def test_a_phone_gets_rows_while_another_process_builds(large: Installation) -> None:
    with build_lock(large.sessions, large.settings.folder) as acquired:
        assert acquired
        assert first_page(large) == (0, 600)
    assert first_page(large) == (1, 0)


def test_an_unwritable_store_leads_to_rows_and_no_error(
    large: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = large.settings.folder / "segments"
    blocked.write_text("a file where the folder should be")
    assert first_page(large) == (0, 600)
    blocked.unlink()
    # The node waits a while before it tries again.
    assert first_page(large) == (0, 600)
    monkeypatch.setattr(large.satchel.on_demand_builder, "_retry_at", 0.0)
    assert first_page(large) == (1, 0)


def test_a_failing_build_lock_leads_to_rows_and_no_error(large: Installation) -> None:
    """A disk without room for one more file, or a folder that became read-only."""
    (large.settings.folder / "segments.lock").mkdir()
    assert first_page(large) == (0, 600)


def test_sync_builds_segments_on_demand_too(large: Installation) -> None:
    reply = large.phone().ask("POST", "/v1/sync", json={"submissions": [], "schema": 2})
    assert len(reply.json["page"]["segments"]) == 1


def test_segments_beyond_the_time_limit_are_left_to_a_later_pull(
    large: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One stream is built whatever it takes; the next ones wait for the next phone or the worker."""
    company.say(large.sessions, *(company.product(f"P{n:04}") for n in range(500)))
    monkeypatch.setattr(on_demand, "TIME_LIMIT_SECONDS", 0.0)
    segments, rows = first_page(large)
    assert (segments, rows) in {(1, 500), (1, 600)}
