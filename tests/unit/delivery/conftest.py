"""An inbox with the recording ERP behind it."""

from pathlib import Path

import pytest

from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.settings import Settings
from tests.unit.connectors.flatfile.conftest import small_company as small_company
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.delivery.recording_erp import RecordingErp


@pytest.fixture
def erp(tmp_path: Path) -> RecordingErp:
    """An ERP that does not enforce our key, quiet after 30 seconds."""
    return RecordingErp(tmp_path / "erp")


@pytest.fixture
def inbox(sessions: Sessions, clock: ManualClock, settings: Settings, erp: RecordingErp) -> InboxFixture:
    """An inbox on a fresh database."""
    return InboxFixture(sessions, clock, settings, erp)
