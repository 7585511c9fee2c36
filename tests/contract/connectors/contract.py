"""The contract of the port: every connector's test class inherits `ConnectorContract`.

    class TestFlatFile(ConnectorContract):
        @pytest.fixture
        def erp(self, tmp_path):
            return FlatFileFixture(tmp_path)

`erp` is an `ConnectorFixture`. Nothing here knows which ERP it is.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from decimal import Decimal
from typing import Any

import pytest

from backend.erp.errors import ErpError, ErrorClass
from backend.erp.port import Connector
from backend.erp.records import Document, ForecastLine, Outcome
from sync_protocol.catalogue import COLLECTIONS, KINDS
from sync_protocol.collection import SATCHEL
from sync_protocol.submission import State
from tests.contract.connectors.connector_fixture import ConnectorFixture

MOST_PAGES = 20_000
LOST = frozenset({ErrorClass.TRANSIENT, ErrorClass.UNKNOWN})
REFUSED = frozenset({ErrorClass.REJECT_REP, ErrorClass.REJECT_OFFICE})

Records = dict[str, Mapping[str, Any]]


def read_all(
    connector: Connector, collection: str, watermark: str | None = None, limit: int = 1000
) -> tuple[Records, str]:
    """Return what *collection* holds after *watermark*, by key, and the watermark at its end."""
    records: Records = {}
    for _ in range(MOST_PAGES):
        page = connector.read(collection, watermark, limit)
        assert len(page.records) <= limit
        for record in page.records:
            records[record[COLLECTIONS[collection].key]] = record
        watermark = page.watermark
        if not page.more:
            return records, watermark
    raise AssertionError(f"{collection} has not come to an end after {MOST_PAGES} pages")


def steady(collection: str, records: Records) -> Records:
    """Return *records* without the fields that only say when they were read."""
    volatile = COLLECTIONS[collection].volatile
    return {key: {n: v for n, v in record.items() if n not in volatile} for key, record in records.items()}


def fate(connector: Connector, erp: ConnectorFixture, document: Document) -> Outcome:
    """Take a document that was created to its end, through the late answer if there is one."""
    [found] = connector.find(document.kind, document.id)
    outcome = connector.advance(document, found)
    if outcome.state is not State.HANDED_OVER:
        return outcome
    erp.work()
    [late] = [answer for answer in connector.acknowledgements() if answer.key == document.id]
    assert late.kind == document.kind
    connector.put_away(late.token)
    return late.outcome


class ConnectorContract:
    """What every connector does alike."""

    kinds = frozenset({"order", "forecast", "expense_claim"})
    """What the connector must forward; the test class of one that is meant for less says so."""

    @pytest.fixture
    def erp(self) -> ConnectorFixture:
        raise NotImplementedError("the test class of a connector brings its own `erp`")

    @pytest.fixture
    def connector(self, erp: ConnectorFixture) -> Iterator[Connector]:
        with closing(erp.connect()) as connector:
            yield connector

    # Numbers

    def test_a_document_is_found_by_the_erps_number(self, connector: Connector, erp: ConnectorFixture) -> None:
        document = erp.order()
        connector.create(document)
        outcome = fate(connector, erp, document)
        assert outcome.number is not None
        [found] = connector.numbered("order", outcome.number)
        assert (found.external_id, found.key) == (outcome.external_id, document.id)
        assert connector.numbered("order", f"{outcome.number}-none") == []

    # Reading

    def test_the_living_erp_is_well(self, connector: Connector) -> None:
        health = connector.check()
        assert health.ok, health.problems
        assert health.version

    def test_every_record_fits_the_schema_of_its_collection(self, connector: Connector) -> None:
        for collection in connector.capabilities().collections:
            records, _ = read_all(connector, collection)
            for record in records.values():
                assert COLLECTIONS[collection].faults(dict(record)) == [], (collection, record)

    def test_reading_twice_from_one_watermark_gives_the_same(self, connector: Connector) -> None:
        for collection in connector.capabilities().collections:
            first = connector.read(collection, None, 5)
            again = connector.read(collection, None, 5)
            assert steady(collection, _by_key(collection, first.records)) == steady(
                collection, _by_key(collection, again.records)
            )
            second = connector.read(collection, first.watermark, 5)
            again = connector.read(collection, first.watermark, 5)
            assert [r["id"] for r in second.records] == [r["id"] for r in again.records]

    def test_pages_of_seven_and_of_a_thousand_give_the_same_set(self, connector: Connector) -> None:
        for collection in ("customers", "orders"):
            small, _ = read_all(connector, collection, limit=7)
            large, _ = read_all(connector, collection, limit=1000)
            assert small
            assert steady(collection, small) == steady(collection, large)

    def test_a_watermark_is_understood_by_another_process(
        self, erp: ConnectorFixture, connector: Connector
    ) -> None:
        page = connector.read("customers", None, 3)
        whole, _ = read_all(connector, "customers")
        with closing(erp.connect()) as other:
            rest, _ = read_all(other, "customers", page.watermark, limit=3)
        assert set(rest) | {record["id"] for record in page.records} == set(whole)

    def test_reading_on_from_the_end_gives_nothing_new_until_the_erp_changes(
        self, erp: ConnectorFixture, connector: Connector
    ) -> None:
        for collection in erp.changeable():
            before, end = read_all(connector, collection)
            repeated, end = read_all(connector, collection, end)
            assert steady(collection, repeated).items() <= steady(collection, before).items()
            key = erp.change(collection)
            later, _ = read_all(connector, collection, end)
            assert key in later, f"{collection} {key} was changed at the ERP and is not read"
            assert steady(collection, later)[key] != steady(collection, before).get(key)

    def test_keys_lists_what_reading_gives(self, connector: Connector) -> None:
        capabilities = connector.capabilities()
        assert capabilities.lists_keys <= set(capabilities.collections)
        for collection in capabilities.lists_keys:
            records, _ = read_all(connector, collection)
            assert set(connector.keys(collection)) == set(records), collection

    def test_single_records_are_read_again_by_key(self, erp: ConnectorFixture, connector: Connector) -> None:
        for collection in connector.capabilities().collections:
            records, _ = read_all(connector, collection)
            some = sorted(records)[:: max(1, len(records) // 3)]
            page = connector.reread(collection, [*some, "999999999", "no-such-key"])
            again = _by_key(collection, page.records)
            wanted = {key: records[key] for key in some}
            assert not page.more and not page.bad
            assert wanted.keys() <= again.keys(), collection
            assert steady(collection, wanted) == steady(collection, {key: again[key] for key in some})
            assert again.keys() <= records.keys(), "nothing that reading does not give"

    def test_a_record_read_again_is_as_it_is_now(self, erp: ConnectorFixture, connector: Connector) -> None:
        for collection in erp.changeable():
            before, _ = read_all(connector, collection)
            key = erp.change(collection)
            now = _by_key(collection, connector.reread(collection, [key]).records)[key]
            assert steady(collection, {key: now})[key] != steady(collection, before).get(key)

    def test_capabilities_name_collections_and_kinds_of_the_catalogue(self, connector: Connector) -> None:
        capabilities = connector.capabilities()
        assert set(capabilities.collections) <= set(COLLECTIONS)
        assert not [name for name in capabilities.collections if COLLECTIONS[name].authority == SATCHEL]
        assert capabilities.kinds <= set(KINDS)
        assert capabilities.enforces_key <= capabilities.kinds
        assert capabilities.quiet_seconds > 0
        order = list(capabilities.collections)
        for follower, parent in (("contacts", "customers"), ("orders", "customers"), ("prices", "products")):
            if follower in order and parent in order:
                assert order.index(parent) < order.index(follower)

    def test_an_unknown_collection_is_a_clear_error(self, connector: Connector) -> None:
        with pytest.raises(ErpError, match="moon_phases") as caught:
            connector.read("moon_phases", None, 10)
        assert caught.value.error_class is ErrorClass.CONFIG
        with pytest.raises(ErpError, match="moon_phases"):
            list(connector.keys("moon_phases"))
        with pytest.raises(ErpError, match="moon_phases"):
            connector.reread("moon_phases", ["1"])

    def test_an_unknown_kind_is_a_clear_error(self, erp: ConnectorFixture, connector: Connector) -> None:
        order = erp.order()
        with pytest.raises(ErpError, match="moon_trip") as caught:
            connector.find("moon_trip", order.id)
        assert caught.value.error_class is ErrorClass.CONFIG
        strange = Document(**{**vars(order), "kind": "moon_trip"})
        with pytest.raises(ErpError, match="moon_trip"):
            connector.create(strange)

    # Writing

    @pytest.mark.parametrize("kind", ["order", "expense_claim"])
    def test_find_is_empty_before_create_and_one_after(
        self, erp: ConnectorFixture, connector: Connector, kind: str
    ) -> None:
        document = _document(erp, connector, kind)
        assert connector.find(kind, document.id) == []
        created = connector.create(document)
        [found] = connector.find(kind, document.id)
        assert found.external_id == created.external_id
        erp.work()
        assert erp.count(kind, document.id) == 1

    @pytest.mark.parametrize("kind", ["order", "expense_claim"])
    def test_a_document_reaches_its_end_with_a_number(
        self, erp: ConnectorFixture, connector: Connector, kind: str
    ) -> None:
        document = _document(erp, connector, kind)
        connector.create(document)
        outcome = fate(connector, erp, document)
        assert outcome.state is State.ACCEPTED, outcome
        assert outcome.number
        assert outcome.external_id

    @pytest.mark.parametrize("kind", ["order", "expense_claim"])
    def test_submitting_twice_creates_one(self, erp: ConnectorFixture, connector: Connector, kind: str) -> None:
        document = _document(erp, connector, kind)
        connector.create(document)
        if kind in connector.capabilities().enforces_key:
            try:
                connector.create(document)
            except ErpError as error:
                assert error.error_class is ErrorClass.DUPLICATE_OK
        assert len(connector.find(kind, document.id)) == 1
        erp.work()
        assert erp.count(kind, document.id) == 1

    @pytest.mark.parametrize("kind", ["order", "expense_claim"])
    def test_a_lost_reply_then_find_then_advance_is_one_document(
        self, erp: ConnectorFixture, connector: Connector, kind: str
    ) -> None:
        document = _document(erp, connector, kind)
        with closing(erp.connect()) as lost:
            lost.create(document)  # the answer is thrown away with the process that asked
        first = fate(connector, erp, document)
        [found] = connector.find(kind, document.id)
        with closing(erp.connect()) as other:
            again = other.advance(document, found)
        assert (again.state, again.number, again.external_id) == (
            first.state,
            first.number,
            first.external_id,
        )
        assert erp.count(kind, document.id) == 1

    def test_a_refusal_carries_the_erps_own_words(self, erp: ConnectorFixture, connector: Connector) -> None:
        document = erp.refused_order()
        try:
            connector.create(document)
            outcome = fate(connector, erp, document)
        except ErpError as error:
            assert error.error_class in REFUSED
            assert erp.refusal_words() in error.raw
            assert error.message
        else:
            assert outcome.state is State.REJECTED
            assert erp.refusal_words() in (outcome.raw or "")
            assert outcome.reason
            assert all(set(fault) == {"code", "field", "message"} for fault in outcome.errors)

    def test_it_forwards_the_kinds_it_is_here_for(self, connector: Connector) -> None:
        """Or a kind that went missing would only show as tests that were skipped."""
        assert connector.capabilities().kinds >= self.kinds

    def test_a_forecast_set_twice_is_set_once(self, erp: ConnectorFixture, connector: Connector) -> None:
        if "forecast" not in connector.capabilities().kinds:
            pytest.skip("this ERP has no forecast")
        lines = erp.forecast_lines()
        first = connector.upsert_forecast(lines)
        assert set(first) == {line.product_id for line in lines}
        erp.work()
        with closing(erp.connect()) as other:
            second = other.upsert_forecast(lines)
        assert _ids(second) == _ids(first)

    def test_a_forecast_line_keeps_its_id_when_its_quantity_changes(
        self, erp: ConnectorFixture, connector: Connector
    ) -> None:
        if "forecast" not in connector.capabilities().kinds:
            pytest.skip("this ERP has no forecast")
        lines = erp.forecast_lines()
        first = connector.upsert_forecast(lines)
        more = [ForecastLine(**{**vars(line), "quantity": line.quantity + Decimal(1)}) for line in lines]
        assert _ids(connector.upsert_forecast(more)) == _ids(first)
        assert _ids(connector.upsert_forecast(lines)) == _ids(first)

    def test_acknowledgements_stay_until_they_are_put_away(
        self, erp: ConnectorFixture, connector: Connector
    ) -> None:
        document = erp.order()
        connector.create(document)
        [found] = connector.find("order", document.id)
        if connector.advance(document, found).state is not State.HANDED_OVER:
            assert list(connector.acknowledgements()) == []
            return
        erp.work()
        [answer] = connector.acknowledgements()
        assert list(connector.acknowledgements()) == [answer]
        connector.put_away(answer.token)
        assert list(connector.acknowledgements()) == []
        connector.put_away(answer.token)  # safe to call again

    # A dead ERP

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


def _by_key(collection: str, records: tuple[Mapping[str, Any], ...]) -> Records:
    return {record[COLLECTIONS[collection].key]: record for record in records}


def _document(erp: ConnectorFixture, connector: Connector, kind: str) -> Document:
    if kind not in connector.capabilities().kinds:
        pytest.skip(f"this connector does not forward {kind}")
    return erp.order() if kind == "order" else erp.claim()


def _ids(found: Mapping[str, Any]) -> dict[str, str]:
    return {product: line.external_id for product, line in found.items()}
