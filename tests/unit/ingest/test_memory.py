"""A first reading streams: four times the rows take no more memory, in connector, importer and sweep."""

import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from backend.clock import ManualClock
from backend.connectors.flatfile import connect
from backend.database.core import Sessions
from backend.erp.records import Capabilities, ReadPage
from backend.ingest import importer
from backend.ingest.keyset import KeySet
from backend.settings import Settings
from tests.unit.connectors.flatfile.handwritten_exports import CUSTOMER, complete_export, csv_text, put_export
from tests.unit.ingest.scripted_erp import unit

SOME, MANY = 1_000, 4_000
SMALL_FACTOR = 1.25


def peak(action: Callable[[], object]) -> int:
    """Return the most bytes that *action* held at once, its own code and caches warmed up before."""
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def customers(folder: Path, count: int) -> Path:
    rows = [{**CUSTOMER, "id": f"C{n:06}", "number": str(n)} for n in range(count)]
    address = {"uses": "delivery", "name": "Yard", "line_1": "Street", "city": "Town"}
    addresses = [
        {**address, "id": f"A{n}-{k}", "customer_id": f"C{n:06}"} for n in range(count) for k in range(2)
    ]
    files = complete_export(
        "customers",
        customers=csv_text("customers.csv", *rows),
        addresses=csv_text("addresses.csv", *addresses),
    )
    put_export(folder, "20261123T090000Z", files)
    return folder


def test_reading_files_takes_constant_memory(tmp_path: Path) -> None:
    def read(folder: Path) -> Callable[[], None]:
        def read_pages() -> None:
            watermark, count = None, 0
            with closing(connect({"folder": str(folder)})) as connector:
                while True:
                    page = connector.read("customers", watermark, 500)
                    watermark, count = page.watermark, count + len(page.records)
                    assert page.total is not None
                    if not page.more:
                        break
                assert count == page.total == sum(1 for _ in connector.keys("customers"))

        return read_pages

    some, many = customers(tmp_path / "some", SOME), customers(tmp_path / "many", MANY)
    read(some)()
    assert peak(read(many)) < SMALL_FACTOR * peak(read(some))


@dataclass
class Endless:
    """An ERP that makes its *count* records up as it is asked."""

    count: int
    name: str = "endless"

    def capabilities(self) -> Capabilities:
        return Capabilities(("units",), frozenset(), frozenset(), frozenset({"units"}), 30.0)

    def read(self, collection: str, watermark: str | None, limit: int) -> ReadPage:
        start = int(watermark or 0)
        end = min(start + limit, self.count)
        records = tuple(unit(f"u{n:06}") for n in range(start, end))
        return ReadPage(records, str(end), more=end < self.count, complete_listing=end == self.count)

    def keys(self, collection: str) -> Iterator[str]:
        yield from (f"u{n:06}" for n in range(self.count))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_importing_and_sweeping_take_constant_memory(
    sessions: Sessions, clock: ManualClock, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is published is bounded by the page (`MAX_CHANGES`), so that the feed itself is left out here."""
    published: list[int] = []

    def count_only(session: object, changes: Sequence[object]) -> None:
        published.append(len(changes))

    monkeypatch.setattr(importer, "publish", count_only)

    def read(count: int) -> Callable[[], None]:
        def import_and_sweep() -> None:
            erp = Endless(count, f"endless-{count}-{len(published)}")
            result = importer.import_collection(sessions, erp, "units", clock=clock, settings=settings)
            assert (result.records, result.complete, result.failure) == (count, True, None)

        return import_and_sweep

    read(1_000)()
    assert peak(read(MANY)) < SMALL_FACTOR * peak(read(SOME))
    assert max(published) <= importer.PAGE + 1


def test_a_set_of_keys_takes_constant_memory() -> None:
    def fill(count: int) -> Callable[[], None]:
        def fill_set() -> None:
            with KeySet(f"key-{n}" for n in range(count)) as keys:
                assert len(keys) == count
                assert keys.lacking(["key-0", "none", f"key-{count - 1}", "nor this"]) == ["none", "nor this"]

        return fill_set

    fill(10)()
    assert peak(fill(40_000)) < 2 * peak(fill(10_000)) + 20_000
