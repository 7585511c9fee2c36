"""Insert or update: what happens to a row whose key exists."""

import pytest

from backend.clock import ManualClock
from backend.database.bulk import insert_ignore, upsert
from backend.database.core import Sessions
from backend.feed.models import FeedMismatch
from tests.architecture.test_contracts import ROOT, committed

pytestmark = pytest.mark.both_dialects

KEY = ["device", "position", "channel", "collection"]


def row(clock: ManualClock, **more: object) -> dict[str, object]:
    return {
        "device": "D1", "position": 1, "channel": "all", "collection": "units", "rep": "R1", "app_version": "1",
        "at": clock.now(), "stale": 1, "missing": 0, "surplus": 2, "resynced": False, **more,
    }  # fmt: skip


def stored(sessions: Sessions) -> list[tuple[str, str | None, int, int, bool]]:
    with sessions() as session:
        rows = session.query(FeedMismatch).order_by(FeedMismatch.device)
        return [(each.rep, each.app_version, each.stale, each.surplus, each.resynced) for each in rows]


def test_an_existing_row_is_replaced_added_to_and_kept(sessions: Sessions, clock: ManualClock) -> None:
    for rows in (row(clock), [row(clock, rep="R2", app_version="2", stale=5, resynced=True)]):
        with sessions() as session, session.begin():
            upsert(
                session, FeedMismatch, rows, KEY, replace=["app_version"], add=["stale"], either=["resynced"]
            )
    assert stored(sessions) == [("R1", "2", 6, 2, True)]


def test_a_new_row_of_several_is_inserted_as_it_is(sessions: Sessions, clock: ManualClock) -> None:
    with sessions() as session, session.begin():
        insert_ignore(session, FeedMismatch, row(clock), KEY)
        rows = [row(clock, stale=3, resynced=True), row(clock, device="D2", stale=7)]
        upsert(session, FeedMismatch, rows, KEY, replace=[], add=["stale"], either=["resynced"])
    assert stored(sessions) == [("R1", "1", 4, 2, True), ("R1", "1", 7, 2, False)]


def test_a_row_that_exists_is_left_alone(sessions: Sessions, clock: ManualClock) -> None:
    with sessions() as session, session.begin():
        insert_ignore(session, FeedMismatch, row(clock), KEY)
        insert_ignore(session, FeedMismatch, [row(clock, stale=9)], KEY)
    assert stored(sessions) == [("R1", "1", 1, 2, False)]


def test_only_one_module_writes_such_statements() -> None:
    """The two others ask their statement which rows were new."""
    paths = [path for path in committed("backend/*.py") if "on_conflict_" in path.read_text()]
    names = {str(path.relative_to(ROOT)) for path in paths}
    others = {"backend/inbox/new_submissions.py", "backend/identity/used_proofs.py"}
    assert names == {"backend/database/bulk.py", *others}
