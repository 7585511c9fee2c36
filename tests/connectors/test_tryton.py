"""The Tryton connector keeps the contract of the port."""

from collections.abc import Iterator

import pytest

from tests.connectors.contract import ConnectorContract
from tests.connectors.tryton_at_hand import TrytonAtHand
from tests.services import TrytonServer


@pytest.fixture(scope="module")
def tryton(tryton_server: TrytonServer) -> Iterator[TrytonAtHand]:
    with tryton_server.fresh("contract") as server:
        at_hand = TrytonAtHand(server)
        yield at_hand
        at_hand.close()


class TestTryton(ConnectorContract):
    @pytest.fixture
    def erp(self, tryton: TrytonAtHand) -> TrytonAtHand:
        return tryton
