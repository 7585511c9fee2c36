"""Records are validated once, at ingest; a record that is refused leaves the row of the ERP in quarantine."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from backend.connectors.flatfile.adapter import FlatFileConnector
from backend.connectors.tryton import rows
from backend.erp.errors import ErpError
from backend.erp.records import ReadPage
from backend.erp.rows import BadRow, RawRow, fault_summary
from backend.ingest.validation import partition
from sync_protocol.catalogue import COLLECTIONS
from sync_protocol.collection import Collection
from sync_protocol.errors import ErrorCode, Fault
from tests.unit.connectors.flatfile.conftest import files as files
from tests.unit.connectors.flatfile.conftest import flatfile as flatfile
from tests.unit.connectors.flatfile.conftest import small_company as small_company
from tests.unit.ingest.scripted_erp import unit

UNITS = COLLECTIONS["units"]


class BrokenSource:
    """The source row of a connector that cannot say what is wrong."""

    def reject(self, faults: Sequence[Fault]) -> BadRow:
        raise IndexError("no such cell")


@pytest.fixture
def validated(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The collection of each record that was validated, in order."""
    calls: list[str] = []
    faults = Collection.faults

    def counting(collection: Collection, record: Any) -> list[Fault]:
        calls.append(collection.name)
        return faults(collection, record)

    monkeypatch.setattr(Collection, "faults", counting)
    return calls


def test_a_record_of_files_is_validated_once(flatfile: FlatFileConnector, validated: list[str]) -> None:
    for name in flatfile.capabilities().collections:
        page = flatfile.read(name, None, 50)
        assert validated == [], "a connector does not validate"
        checked = partition(COLLECTIONS[name], page)
        assert checked.bad == [] and len(checked.good) == len(page.records) > 0
        assert validated == [name] * len(page.records)
        validated.clear()


def test_a_record_of_tryton_is_not_validated_by_its_connector(validated: list[str]) -> None:
    items = [rows.Item("7", {"code": "kg", "digits": 3}), rows.Item("8", {"code": "mg", "digits": 9})]

    def record_of(raw: Any) -> Any:
        return unit(raw["code"], decimals=raw["digits"])

    page = rows.translate("units", record_of, lambda roots: items, [7, 8], list)
    assert validated == [] and [record["id"] for record in page.records] == ["kg", "mg"]
    checked = partition(UNITS, ReadPage(tuple(page.records), "", more=False, sources=tuple(page.sources)))
    assert validated == ["units"] * 2
    assert list(checked.good) == ["kg"]
    [bad_row] = checked.bad
    assert (bad_row.external_id, bad_row.raw) == ("8", '{"code": "mg", "digits": 9}'), (
        "the row as Tryton sent it"
    )
    assert bad_row.error.startswith("decimals ")


@pytest.mark.parametrize(
    ("sources", "external_id", "raw"),
    [
        ((), "b", '"decimals": 9'),
        ((RawRow("a.csv:1", "a;0"), RawRow("a.csv:2", "b;9")), "a.csv:2", '"b;9"'),
        ((BrokenSource(), BrokenSource()), "b", '"decimals": 9'),
    ],
    ids=["no source", "the row of the ERP", "a source that fails"],
)
def test_quarantine_keeps_the_row_of_the_erp_and_otherwise_the_record(
    sources: tuple[Any, ...], external_id: str, raw: str
) -> None:
    page = ReadPage((unit("a"), unit("b", decimals=9)), "1", more=False, sources=sources)
    validated = partition(UNITS, page)
    assert list(validated.good) == ["a"]
    [bad_row] = validated.bad
    assert bad_row.external_id == external_id
    assert raw in bad_row.raw
    assert "decimals" in bad_row.error


def test_a_record_without_a_channel_leaves_its_row_too() -> None:
    stock = COLLECTIONS["stock_levels"]
    record: Mapping[str, Any] = {
        "id": "S1", "product_id": "P1", "warehouse_id": "a:b", "unit": "pc", "on_hand": "1", "reserved": "0",
        "available": "1", "incoming": [], "as_of": "2026-11-23T09:00:00Z",
    }  # fmt: skip
    [bad_row] = partition(stock, ReadPage((record,), "", more=False, sources=(RawRow("stock.csv:2", "…"),))).bad
    assert bad_row.external_id == "stock.csv:2"
    assert bad_row.error.startswith("belongs to no channel")


def test_records_and_source_rows_that_do_not_match_stop_the_page() -> None:
    page = ReadPage((unit("a"), unit("b")), "1", more=False, sources=(RawRow("1", "a"),))
    with pytest.raises(ErpError, match="2 records of units and 1 source rows"):
        partition(UNITS, page)


def test_the_summary_names_five_faults_and_counts_the_rest() -> None:
    faults = [Fault(ErrorCode.FIELD_INVALID, f"f{n}", "is wrong") for n in range(7)]
    assert fault_summary(faults[:1]) == "f0 is wrong"
    assert fault_summary(faults).endswith("f4 is wrong; and 2 more")
