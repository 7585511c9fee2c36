"""The flat-file connector keeps the contract of the port."""

import pytest

from backend.erp.testing import ConnectorContract
from tests.unit.connectors.flatfile.flatfile_fixture import FlatFileFixture


class TestFlatFile(ConnectorContract):
    @pytest.fixture
    def erp(self, files: FlatFileFixture) -> FlatFileFixture:
        return files
