"""What every connector does alike when it reads."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import pytest

from backend.erp.errors import ErpError, ErrorClass
from backend.erp.port import Connector
from backend.erp.records import Document
from backend.erp.testing.fixture import ConnectorFixture
from sync_protocol.catalogue import COLLECTIONS, KINDS
from sync_protocol.collection import SATCHEL
from sync_protocol.errors import ErrorCode, Fault

MAX_PAGES = 20_000
Records = dict[str, Mapping[str, Any]]


def read_all(
    connector: Connector, collection: str, watermark: str | None = None, limit: int = 1000
) -> tuple[Records, str]:
    """Return what *collection* holds after *watermark*, by key, and the watermark at its end."""
    records: Records = {}
    for _ in range(MAX_PAGES):
        page = connector.read(collection, watermark, limit)
        assert len(page.records) <= limit
        for record in page.records:
            records[record[COLLECTIONS[collection].key]] = record
        watermark = page.watermark
        if not page.more:
            return records, watermark
    raise AssertionError(f"{collection} has not come to an end after {MAX_PAGES} pages")


def steady(collection: str, records: Records) -> Records:
    """Return *records* without the fields that only say when they were read."""
    volatile = COLLECTIONS[collection].volatile
    return {key: {n: v for n, v in record.items() if n not in volatile} for key, record in records.items()}


def _by_key(collection: str, records: tuple[Mapping[str, Any], ...]) -> Records:
    return {record[COLLECTIONS[collection].key]: record for record in records}


class ReadingContract:
    """Reading: pages, watermarks, single records, keys, capabilities."""

    @pytest.fixture
    def erp(self) -> ConnectorFixture:
        """The ERP; the test class of a connector overrides it."""
        raise NotImplementedError("the test class of a connector brings its own `erp`")

    @pytest.fixture
    def connector(self, erp: ConnectorFixture) -> Iterator[Connector]:
        """A connector to the ERP, closed after the test."""
        with closing(erp.connect()) as connector:
            yield connector

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

    def test_a_source_row_names_the_row_of_the_erp(self, connector: Connector) -> None:
        fault = Fault(ErrorCode.FIELD_INVALID, "id", "is a test")
        for collection in connector.capabilities().collections:
            page = connector.read(collection, None, 5)
            assert len(page.sources) in (0, len(page.records)), "none, or one for each record"
            for source in page.sources:
                bad = source.reject([fault])
                assert bad.external_id and bad.raw and "is a test" in bad.error
