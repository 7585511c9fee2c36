"""The whole contract: what a connector's test class inherits."""

from collections.abc import Callable
from contextlib import closing

import pytest

from backend.erp.errors import ErpError, ErrorClass
from backend.erp.port import Connector
from backend.erp.testing.fixture import ConnectorFixture
from backend.erp.testing.reading import ReadingContract
from backend.erp.testing.writing import WritingContract

LOST = frozenset({ErrorClass.TRANSIENT, ErrorClass.UNKNOWN})


class ConnectorContract(ReadingContract, WritingContract):
    """What every connector does alike. The fixture `erp` says which ERP it is; nothing here knows."""

    kinds = frozenset({"order", "forecast", "expense_claim"})
    """Kinds that the connector must forward; the test class of a connector that forwards fewer overrides it."""

    def test_it_forwards_the_kinds_it_is_here_for(self, connector: Connector) -> None:
        """Or a kind that went missing would only show as tests that were skipped."""
        assert connector.capabilities().kinds >= self.kinds

    def test_a_dead_erp_is_never_a_success(self, erp: ConnectorFixture) -> None:
        with closing(erp.connect()) as living:
            kinds = living.capabilities().kinds
        order = erp.order()
        with closing(erp.connect_dead()) as dead:
            assert not dead.check().ok
            asks: list[Callable[[], object]] = [
                lambda: dead.read("customers", None, 10),
                lambda: list(dead.keys("customers")),
                lambda: dead.reread("customers", ["1"]),
                lambda: dead.find("order", order.id),
                lambda: dead.create(order),
            ]
            if "forecast" in kinds:
                asks.append(lambda: dead.upsert_forecast(erp.forecast_lines()))
            for ask in asks:
                with pytest.raises(ErpError) as caught:
                    ask()
                assert caught.value.error_class in LOST
        assert erp.count("order", order.id) == 0
