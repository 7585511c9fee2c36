"""Mismatches are kept for whoever looks for the cause, and no device can fill the table with them."""

import datetime as dt

import pytest
from sqlalchemy import func, select

from backend.database.core import Sessions
from backend.feed.mismatches import MAX_PER_DAY, Mismatch, VerifyingDevice, record
from backend.feed.models import FeedMismatch
from tests.unit.sync.replica import NOW

pytestmark = pytest.mark.both_dialects


def many(sessions: Sessions, device: str, position: int, when: dt.datetime) -> int:
    """Let *device* say that 400 streams differ; return how many rows are kept of it."""
    mismatched = [Mismatch((f"territory:{n}", "customers"), surplus=1) for n in range(400)]
    with sessions() as session, session.begin():
        record(session, VerifyingDevice("R1", device, "1.0", position), mismatched, when)
        kept = select(func.count()).where(FeedMismatch.device == device)
        return session.scalars(kept).one()


def test_a_device_cannot_fill_the_table_of_mismatches(sessions: Sessions) -> None:
    assert many(sessions, "D1", 1, NOW) == 400
    assert many(sessions, "D1", 2, NOW) == MAX_PER_DAY
    assert many(sessions, "D1", 3, NOW) == MAX_PER_DAY
    assert many(sessions, "D2", 1, NOW) == 400
    assert many(sessions, "D1", 4, NOW + dt.timedelta(days=2)) == MAX_PER_DAY + 400
