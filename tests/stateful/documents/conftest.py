"""The company on each database, with an ERP that enforces our key and one that does not."""

from pathlib import Path

import pytest

from backend.database.core import Sessions
from backend.settings import Settings
from tests.stateful.documents.company import Company
from tests.stateful.search.real import careless


@pytest.fixture
def any_company(sessions: Sessions, settings: Settings, tmp_path: Path) -> Company:
    """A company for random histories, each of which says itself whether the ERP enforces our key."""
    return Company(careless(sessions), settings, tmp_path / "erp", enforces_key=True)


@pytest.fixture(params=[True, False], ids=["enforced", "not_enforced"])
def company(request: pytest.FixtureRequest, sessions: Sessions, settings: Settings, tmp_path: Path) -> Company:
    """A company on a fresh database, which need not be durable."""
    return Company(careless(sessions), settings, tmp_path / "erp", enforces_key=request.param)
