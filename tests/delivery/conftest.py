"""An inbox with the ledger behind it."""

from pathlib import Path

import pytest

from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.settings import Settings
from tests.connectors.conftest import small_company  # noqa: F401 - a fixture
from tests.delivery.desk import Desk
from tests.delivery.ledger_erp import LedgerErp


@pytest.fixture
def erp(tmp_path: Path) -> LedgerErp:
    """An ERP that does not enforce our key, quiet after 30 seconds."""
    return LedgerErp(tmp_path / "erp")


@pytest.fixture
def desk(sessions: Sessions, clock: ManualClock, settings: Settings, erp: LedgerErp) -> Desk:
    """An inbox on a fresh database."""
    return Desk(sessions, clock, settings, erp)
