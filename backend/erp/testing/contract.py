"""The whole contract: what a connector's test class inherits."""

from collections.abc import Callable
from contextlib import closing

from backend.erp.errors import ErrorClass
from backend.erp.port import Connector
from backend.erp.testing.expectations import expect, expect_equal, expect_error, expect_keys
from backend.erp.testing.fixture import ConnectorFixture
from backend.erp.testing.reading import ReadingContract
from backend.erp.testing.writing import WritingContract
from sync_protocol.catalogue import KINDS
from sync_protocol.catalogue.forecast import FORECAST
from sync_protocol.catalogue.order import ORDER
from sync_protocol.collection import TO_ERP

LOST = frozenset({ErrorClass.TRANSIENT, ErrorClass.UNKNOWN})


class ConnectorContract(ReadingContract, WritingContract):
    """What every connector does alike. The test class has a fixture `erp`, which says which ERP it is.

    The fixture is a `ConnectorFixture`; nothing here knows more of the ERP.
    """

    kinds = frozenset(kind.name for kind in KINDS.values() if kind.destination == TO_ERP)
    """Kinds that the connector must forward; the test class of a connector that forwards fewer overrides it."""

    def test_it_forwards_the_kinds_it_is_here_for(self, connector: Connector) -> None:
        """Or a kind that went missing would only show as tests that were skipped."""
        kinds = connector.capabilities().kinds
        expect_keys(
            self.kinds & kinds,
            self.kinds,
            "capabilities().kinds has every kind that goes to an ERP; a connector that forwards fewer sets"
            " `kinds` in its test class",
        )

    def test_a_dead_erp_is_never_a_success(self, erp: ConnectorFixture) -> None:
        with closing(erp.connect()) as living:
            kinds = living.capabilities().kinds
        order = erp.example(ORDER.name)
        with closing(erp.connect_dead()) as dead:
            expect(
                not dead.check().ok,
                "check() finds that the ERP does not answer",
                expected="a Health with problems",
                given="a Health without problems",
            )
            calls: dict[str, Callable[[], object]] = {
                "read": lambda: dead.read("customers", None, 10),
                "keys": lambda: list(dead.keys("customers")),
                "reread": lambda: dead.reread("customers", ["1"]),
                "find": lambda: dead.find(order.kind, order.id),
                "create": lambda: dead.create(order),
            }
            if FORECAST.name in kinds:
                calls["upsert_forecast"] = lambda: dead.upsert_forecast(erp.forecast_lines())
            for name, call in calls.items():
                expect_error(call, f"{name}() of an ERP that does not answer fails, and may be repeated", LOST)
        expect_equal(
            erp.count(order.kind, order.id), 0, "create() of an ERP that does not answer creates nothing"
        )
