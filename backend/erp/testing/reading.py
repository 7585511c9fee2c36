"""What every connector does alike when it reads."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import Any

import pytest

from backend.erp.errors import ErrorClass
from backend.erp.port import Connector
from backend.erp.records import Document
from backend.erp.testing.expectations import (
    RuleBroken,
    expect,
    expect_equal,
    expect_error,
    expect_keys,
    expect_same_records,
)
from backend.erp.testing.fixture import ConnectorFixture
from sync_protocol.catalogue import COLLECTIONS, KINDS
from sync_protocol.catalogue.order import ORDER
from sync_protocol.collection import SATCHEL
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.json_types import Record

MAX_PAGES = 20_000
Records = dict[str, Record]


def read_all(
    connector: Connector, collection: str, watermark: str | None = None, limit: int = 1000
) -> tuple[Records, str]:
    """Return what *collection* holds after *watermark*, by key, and the watermark at its end."""
    records: Records = {}
    for _ in range(MAX_PAGES):
        page = connector.read(collection, watermark, limit)
        expect(
            len(page.records) <= limit,
            f"read({collection!r}) gives at most `limit` records",
            expected=f"at most {limit}",
            given=len(page.records),
        )
        for record in page.records:
            records[record[COLLECTIONS[collection].key]] = record
        watermark = page.watermark
        if not page.more:
            return records, watermark
    raise RuleBroken(
        f"read({collection!r}) comes to an end.\n  Expected: a page with more=False\n"
        f"  The connector gave: {MAX_PAGES} pages with more=True; does its watermark move?"
    )


def steady(collection: str, records: Records) -> Records:
    """Return *records* without the fields that only say when they were read."""
    volatile = COLLECTIONS[collection].volatile
    return {key: {n: v for n, v in record.items() if n not in volatile} for key, record in records.items()}


def _by_key(collection: str, records: tuple[Mapping[str, Any], ...]) -> Records:
    return {record[COLLECTIONS[collection].key]: record for record in records}


class ReadingContract:
    """Reading: pages, watermarks, single records, keys, capabilities."""

    @pytest.fixture
    def connector(self, erp: ConnectorFixture) -> Iterator[Connector]:
        """A connector to the ERP, closed after the test."""
        with closing(erp.connect()) as connector:
            yield connector

    def test_the_living_erp_is_well(self, connector: Connector) -> None:
        health = connector.check()
        expect(
            health.ok, "check() of a running ERP finds no problem", expected="none", given=list(health.problems)
        )
        expect(
            bool(health.version),
            "check() gives the ERP's version",
            expected="a text that is not empty",
            given=repr(health.version),
        )

    def test_every_record_fits_the_schema_of_its_collection(self, connector: Connector) -> None:
        for collection in connector.capabilities().collections:
            records, _ = read_all(connector, collection)
            for record in records.values():
                faults = COLLECTIONS[collection].faults(dict(record))
                expect(
                    not faults,
                    f"read({collection!r}) gives records that fit the schema of the collection",
                    expected="docs/reference/catalogue.md",
                    given="; ".join(f"{fault.field}: {fault.message}" for fault in faults) + f" in {record!r}",
                )

    def test_reading_twice_from_one_watermark_gives_the_same(self, connector: Connector) -> None:
        for collection in connector.capabilities().collections:
            first = connector.read(collection, None, 5)
            again = connector.read(collection, None, 5)
            rule = f"read({collection!r}) gives the same page for the same watermark"
            expect_same_records(
                steady(collection, _by_key(collection, again.records)),
                steady(collection, _by_key(collection, first.records)),
                rule,
            )
            second = connector.read(collection, first.watermark, 5)
            again = connector.read(collection, first.watermark, 5)
            expect_equal([r["id"] for r in again.records], [r["id"] for r in second.records], rule)

    def test_pages_of_seven_and_of_a_thousand_give_the_same_set(self, connector: Connector) -> None:
        for collection in ("customers", "orders"):
            small, _ = read_all(connector, collection, limit=7)
            large, _ = read_all(connector, collection, limit=1000)
            expect(
                bool(small),
                f"read({collection!r}) gives the ERP's records",
                expected="at least one",
                given="none",
            )
            expect_same_records(
                steady(collection, large),
                steady(collection, small),
                f"read({collection!r}) gives the same records in pages of 7 and of 1000",
            )

    def test_a_watermark_is_understood_by_another_process(
        self, erp: ConnectorFixture, connector: Connector
    ) -> None:
        page = connector.read("customers", None, 3)
        complete, _ = read_all(connector, "customers")
        with closing(erp.connect()) as other:
            rest, _ = read_all(other, "customers", page.watermark, limit=3)
        expect_keys(
            set(rest) | {record["id"] for record in page.records},
            set(complete),
            "read('customers') in another process continues from a watermark of this one",
        )

    def test_reading_on_from_the_end_gives_nothing_new_until_the_erp_changes(
        self, erp: ConnectorFixture, connector: Connector
    ) -> None:
        for collection in erp.changeable():
            before, end = read_all(connector, collection)
            repeated, end = read_all(connector, collection, end)
            known = steady(collection, before)
            new = {
                key: record for key, record in steady(collection, repeated).items() if known.get(key) != record
            }
            expect(
                not new,
                f"read({collection!r}) from its last watermark gives nothing new while the ERP does not change",
                expected="no record, or records that were read before",
                given=new,
            )
            key = erp.change(collection)
            later, _ = read_all(connector, collection, end)
            rule = f"read({collection!r}) from its last watermark gives a record that the ERP changed since"
            expect(key in later, rule, expected=f"record {key}", given=f"records {sorted(later)}")
            expect(
                steady(collection, later)[key] != known.get(key),
                rule,
                expected=f"record {key} with its change",
                given="the record as it was before",
            )

    def test_keys_lists_what_reading_gives(self, connector: Connector) -> None:
        capabilities = connector.capabilities()
        expect(
            capabilities.lists_keys <= set(capabilities.collections),
            "capabilities().lists_keys names only collections that the connector reads",
            expected=f"some of {sorted(capabilities.collections)}",
            given=sorted(capabilities.lists_keys),
        )
        for collection in capabilities.lists_keys:
            records, _ = read_all(connector, collection)
            expect_keys(
                set(connector.keys(collection)),
                set(records),
                f"keys({collection!r}) lists all that read({collection!r}) gives; a key that it omits is"
                " deleted on all phones",
            )

    def test_single_records_are_read_again_by_key(self, erp: ConnectorFixture, connector: Connector) -> None:
        for collection in connector.capabilities().collections:
            records, _ = read_all(connector, collection)
            sample = sorted(records)[:: max(1, len(records) // 3)]
            page = connector.reread(collection, [*sample, "999999999", "no-such-key"])
            again = _by_key(collection, page.records)
            expected = {key: records[key] for key in sample}
            rule = f"reread({collection!r}) gives all records of the keys in one page, and no others"
            expect(
                not page.more and not page.bad,
                rule,
                expected="more=False and no bad rows",
                given=f"more={page.more} and bad rows {list(page.bad)}",
            )
            missing, unknown = expected.keys() - again.keys(), again.keys() - records.keys()
            expect_keys(set(expected) - missing, set(expected), rule)
            expect(not unknown, rule, expected="only records that read() gives", given=sorted(unknown))
            expect_same_records(
                steady(collection, {key: again[key] for key in expected}),
                steady(collection, expected),
                f"reread({collection!r}) gives records as read({collection!r}) does",
            )

    def test_a_record_read_again_is_as_it_is_now(self, erp: ConnectorFixture, connector: Connector) -> None:
        for collection in erp.changeable():
            before, _ = read_all(connector, collection)
            key = erp.change(collection)
            rule = f"reread({collection!r}) gives the record as it is now"
            records = _by_key(collection, connector.reread(collection, [key]).records)
            expect(key in records, rule, expected=f"record {key}", given=f"records {sorted(records)}")
            expect(
                steady(collection, records)[key] != steady(collection, before).get(key),
                rule,
                expected=f"record {key} with its change",
                given="the record as it was before",
            )

    def test_capabilities_name_collections_and_kinds_of_the_catalogue(self, connector: Connector) -> None:
        capabilities = connector.capabilities()
        ours = {name for name, declared in COLLECTIONS.items() if declared.authority != SATCHEL}
        for name, named, allowed in (
            ("collections", set(capabilities.collections), ours),
            ("kinds", set(capabilities.kinds), set(KINDS)),
            ("enforces_key", set(capabilities.enforces_key), set(capabilities.kinds)),
        ):
            expect(
                named <= allowed,
                f"capabilities().{name} names only what exists for a connector",
                expected=f"some of {sorted(allowed)}",
                given=sorted(named),
            )
        expect(
            capabilities.quiet_seconds > 0,
            "capabilities().quiet_seconds says how long the ERP may execute a call after a connection is lost",
            expected="more than 0",
            given=capabilities.quiet_seconds,
        )
        order = list(capabilities.collections)
        for follower, parent in (("contacts", "customers"), ("orders", "customers"), ("prices", "products")):
            if follower in order and parent in order:
                expect(
                    order.index(parent) < order.index(follower),
                    f"capabilities().collections has {parent} before {follower}, which belong to them",
                    expected=f"{parent} first",
                    given=order,
                )

    def test_an_unknown_collection_is_a_clear_error(self, connector: Connector) -> None:
        calls: dict[str, Callable[[], object]] = {
            "read": lambda: connector.read("moon_phases", None, 10),
            "keys": lambda: list(connector.keys("moon_phases")),
            "reread": lambda: connector.reread("moon_phases", ["1"]),
        }
        for name, call in calls.items():
            rule = f"{name}() of a collection that the connector does not read is an error of the settings"
            expect_error(call, rule, {ErrorClass.CONFIG}, "moon_phases")

    def test_an_unknown_kind_is_a_clear_error(self, erp: ConnectorFixture, connector: Connector) -> None:
        order = erp.example(ORDER.name)
        unknown = Document(**{**vars(order), "kind": "moon_trip"})
        calls: dict[str, Callable[[], object]] = {
            "find": lambda: connector.find("moon_trip", order.id),
            "create": lambda: connector.create(unknown),
        }
        for name, call in calls.items():
            rule = f"{name}() of a kind that the connector does not forward is an error of the settings"
            expect_error(call, rule, {ErrorClass.CONFIG}, "moon_trip")

    def test_a_source_row_names_the_row_of_the_erp(self, connector: Connector) -> None:
        fault = Fault(ErrorCode.FIELD_INVALID, "id", "is a test")
        for collection in connector.capabilities().collections:
            page = connector.read(collection, None, 5)
            expect(
                len(page.sources) in (0, len(page.records)),
                f"read({collection!r}) gives a source for each record, or none at all",
                expected=f"0 or {len(page.records)}",
                given=len(page.sources),
            )
            for source in page.sources:
                bad = source.reject([fault])
                expect(
                    bool(bad.external_id and bad.raw) and "is a test" in bad.error,
                    f"The source of a record of {collection} names the ERP's row when the record is refused",
                    expected="external_id, raw, and the fault in error",
                    given=bad,
                )
