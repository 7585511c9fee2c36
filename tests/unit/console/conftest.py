"""Fixtures of the console's tests."""

import pytest

from backend.webapp.builder import __main__ as builder
from tests.services.file_lock import CACHE, file_lock
from tests.unit.api.conftest import installation as installation
from tests.unit.api.conftest import phone as phone


@pytest.fixture(scope="session", autouse=True)
def built_console() -> None:
    """The scripts and styles, built from this checkout; the test processes share one build."""
    with file_lock(CACHE / "webapp.lock"):
        builder.build_checkout()
