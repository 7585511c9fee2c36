"""An installation on SQLite for the tests of the API; the tests of the wire also run on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.clock import ManualClock
from backend.settings import read_settings
from tests.unit.api.installation import Installation, Phone, install


@pytest.fixture
def installation(tmp_path: Path, clock: ManualClock) -> Iterator[Installation]:
    """An installation with reps R1 and R2 and their records."""
    settings = read_settings({"SATCHEL_FOLDER": str(tmp_path / "instance")})
    with install(settings, clock) as installation:
        yield installation


@pytest.fixture
def phone(installation: Installation) -> Phone:
    """An enrolled phone of R1."""
    return installation.phone()
