"""Records of submissions: whatever a phone sees of one is published with the change itself."""

import datetime as dt
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.feed import positions
from backend.inbox import new_submissions, submissions
from backend.inbox.models import Submission
from backend.inbox.new_submission import NewSubmission
from backend.inbox.settle import IllegalMove, settle
from backend.inbox.state_change import StateChange
from backend.office.service import OfficeService
from backend.settings import Settings
from sync_protocol.submission import State
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.delivery.recording_erp import RecordingErp

pytestmark = pytest.mark.both_dialects

NEVER_ARRIVED = "sha256:" + "0" * 64


@pytest.fixture
def inbox(sessions: Sessions, clock: ManualClock, settings: Settings, tmp_path: Path) -> InboxFixture:
    return InboxFixture(sessions, clock, settings, RecordingErp(tmp_path / "erp"))


def new(id: str, now: dt.datetime) -> NewSubmission:
    return NewSubmission(
        id=id,
        kind="order",
        rep="R1",
        device="D1",
        captured_at="2026-11-23T08:00:00Z",
        zone="UTC",
        schema=1,
        body='{"customer_id":"C1","lines":[]}',
        envelope="{}",
        sha256="0" * 64,
        needs=[NEVER_ARRIVED],
        depends_on=[],
        supersedes=None,
        superseded_by=None,
        received_at=now,
        state=State.RECEIVED.value,
        status="received",
        errors=[],
        warnings=[],
        reason=None,
        owner=None,
        order_key="customer:C1",
        title="Order for Alpha GmbH, 1 line",
    )


def move(session: Session, row: Submission, state: State, now: dt.datetime) -> None:
    settle(session, row, StateChange.unchanged(row, state), now=now, actor="worker:w1")


@pytest.mark.parametrize("state", [State.PARKED, State.REJECTED, State.WITHDRAWN, State.SENDING])
def test_every_move_of_a_row_is_published(inbox: InboxFixture, state: State) -> None:
    id = inbox.capture()
    with inbox.sessions() as session, session.begin():
        row = submissions.get(session, id, lock=True)
        assert row is not None
        move(session, row, state, inbox.clock.now())
        # Set after the move, as a push does with what replaces a document.
        row.reason = "set later"
    record = inbox.record(id)
    assert (record["state"], record["reason"]) == (state.value, "set later")


def test_a_row_moved_twice_is_published_once(inbox: InboxFixture) -> None:
    id = inbox.capture()
    with inbox.sessions() as session, session.begin():
        before = positions.head(session).position
        row = submissions.get(session, id, lock=True)
        assert row is not None
        move(session, row, State.SENDING, inbox.clock.now())
        move(session, row, State.ACCEPTED, inbox.clock.now())
    with inbox.sessions() as session:
        assert positions.head(session).position == before + 2
    assert inbox.record(id)["state"] == "accepted"


def test_a_rolled_back_or_refused_move_is_not_published(inbox: InboxFixture) -> None:
    id = inbox.capture()
    with inbox.sessions() as session:
        before = positions.head(session).position
    with pytest.raises(IllegalMove), inbox.sessions() as session, session.begin():
        row = submissions.get(session, id, lock=True)
        assert row is not None
        move(session, row, State.SENDING, inbox.clock.now())
        move(session, row, State.WITHDRAWN, inbox.clock.now())
    with inbox.sessions() as session:
        assert positions.head(session).position == before
    assert inbox.record(id)["state"] == "queued"


def test_a_new_document_is_published_with_the_receipts_that_are_missing(inbox: InboxFixture) -> None:
    inbox.capture()
    id = "01KBR9Z8Q5T000000000000001"
    with inbox.sessions() as session, session.begin():
        assert new_submissions.insert(session, [new(id, inbox.clock.now())]) == {id}
    assert (inbox.record(id)["state"], inbox.record(id)["missing"]) == ("received", [NEVER_ARRIVED])


def test_a_duplicate_id_publishes_nothing(inbox: InboxFixture) -> None:
    id = inbox.capture()
    with inbox.sessions() as session, session.begin():
        before = positions.head(session).position
        assert new_submissions.insert(session, [new(id, inbox.clock.now())]) == set()
    with inbox.sessions() as session:
        assert positions.head(session).position == before
    assert inbox.record(id)["state"] == "queued"


def test_a_reservation_is_not_published_to_phones(inbox: InboxFixture) -> None:
    id = inbox.capture(state=State.PARKED)
    with inbox.sessions() as session:
        before = positions.head(session).position
    office = OfficeService(inbox.sessions, inbox.clock, inbox.settings, lambda: inbox.erp)
    assert office.perform("reserve", id, by="ann").reserved_by == "ann"
    office.perform("release", id, by="ann")
    with inbox.sessions() as session:
        assert positions.head(session).position == before
