"""Segments are compressed with the least effort here: the highest takes most of the time of these tests."""

import pytest

from sync_protocol import segment


@pytest.fixture(autouse=True)
def quick_compression(monkeypatch: pytest.MonkeyPatch) -> int:
    """Compress at level 1; return the level of the product, for a test that wants it."""
    level = segment._LEVEL
    monkeypatch.setattr(segment, "_LEVEL", 1)
    return level
