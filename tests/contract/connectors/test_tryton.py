"""The Tryton connector keeps the contract of the port."""

from collections.abc import Iterator

import pytest

from backend.erp.testing import ConnectorContract
from tests.services import TrytonServer
from tests.unit.connectors.tryton.tryton_fixture import TrytonFixture


@pytest.fixture(scope="module")
def tryton(tryton_server: TrytonServer) -> Iterator[TrytonFixture]:
    with tryton_server.fresh("contract") as server:
        fixture = TrytonFixture(server)
        yield fixture
        fixture.close()


class TestTryton(ConnectorContract):
    @pytest.fixture
    def erp(self, tryton: TrytonFixture) -> TrytonFixture:
        return tryton
