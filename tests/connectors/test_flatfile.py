"""The flat-file connector keeps the contract of the port."""

import pytest

from tests.connectors.contract import ConnectorContract
from tests.connectors.files_at_hand import FilesAtHand


class TestFlatFile(ConnectorContract):
    @pytest.fixture
    def erp(self, files: FilesAtHand) -> FilesAtHand:
        return files
