"""One record of any form among good ones: the good ones are published, and the bad one is in quarantine."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from backend.erp.records import ReadPage
from backend.erp.rows import BadRow, RawRow
from backend.ingest.validation import LONGEST_ID, Partitioned, partition, row_id
from sync_protocol.catalogue import COLLECTIONS
from tests.unit.ingest.conftest import Intake
from tests.unit.ingest.scripted_erp import unit

UNITS = COLLECTIONS["units"]


def nested(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


class Unprintable:
    """A value of a connector of one's own that cannot even be shown."""

    def __repr__(self) -> str:
        raise RuntimeError("no text")


HOSTILE: dict[str, Any] = {
    "five thousand digits": 10**5000,
    "a Decimal": Decimal("1." + "1" * 60),
    "not a number": Decimal("NaN"),
    "a float": 1.5,
    "bytes": b"\xff",
    "half of a surrogate pair": "\ud83d",
    "NUL": "a\0b",
    "a zero-width space": "a\u200bb",
    "nested": nested(100_000),
    "a dict with other keys": {(1, 2): {3}},
    "a date": dt.date(2026, 1, 1),
    "long": "x" * 1_000_000,
    "true": True,
    "nothing": None,
    "an object": Unprintable(),
}


READABLE = ("a zero-width space", "long")
"""What costs nothing in a text for people: the first means something there, and the second is shortened."""


def mixed(*records: Any, sources: bool = False) -> Partitioned:
    good = (unit("a"), *records, unit("b"))
    rows = tuple(RawRow(f"row-{n}", record) for n, record in enumerate(good)) if sources else ()
    return partition(UNITS, ReadPage(good, "", more=False, sources=rows))


@pytest.mark.parametrize("sources", [True, False])
@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("field", ["id", "name", "factor", "decimals", "unknown"])
def test_a_record_with_a_strange_value_costs_itself(field: str, name: str, sources: bool) -> None:
    record = {**unit("c"), field: HOSTILE[name]}
    parts = mixed(record, sources=sources)
    if field == "name" and name in READABLE:
        assert list(parts.good) == ["a", "c", "b"]
        return
    assert list(parts.good) == ["a", "b"]
    [bad] = parts.bad
    assert len(bad.external_id) <= LONGEST_ID
    assert bad.external_id and bad.error and bad.raw
    assert field in bad.error or "cannot be" in bad.error or name in ("nested", "half of a surrogate pair")


@pytest.mark.parametrize("record", [None, 5, "text", [], nested(100_000)])
def test_a_record_that_is_no_object_costs_itself(record: Any) -> None:
    parts = mixed(record)
    assert list(parts.good) == ["a", "b"]
    assert len(parts.bad) == 1


@pytest.mark.parametrize("name", [name for name in HOSTILE if name != "an object"])
def test_a_strange_key_that_is_gone_stops_nothing(name: str) -> None:
    parts = partition(UNITS, ReadPage((unit("a"),), "", more=False, gone=("b", HOSTILE[name])))
    assert list(parts.good) == ["a"]
    assert parts.gone == ["b"]
    assert "was reported as deleted" in parts.bad[0].error


def test_the_quarantine_stores_whatever_was_read(intake: Intake) -> None:
    hostile = [{**unit(f"c{n}"), "name": value} for n, value in enumerate(HOSTILE.values())]
    intake.erp.page = 100
    intake.erp.say("units", unit("a"), *hostile, unit("b"))
    result = intake.read()
    assert result.failure is None
    assert intake.keys() == sorted(["a", "b", *(f"c{list(HOSTILE).index(name)}" for name in READABLE)])
    assert result.rejected == len(HOSTILE) - len(READABLE)


def test_rows_whose_ids_begin_alike_are_two_rows(intake: Intake) -> None:
    rows = [BadRow("x" * LONGEST_ID + letter, "is bad", "") for letter in "ab"]
    assert len({row_id(row.external_id) for row in rows}) == 2
    intake.erp.page = 100
    intake.erp.say("units", *rows)
    assert intake.read().rejected == 2
    assert len(intake.rejected()) == 2
