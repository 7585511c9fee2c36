"""Tryton's tables in memory, a source that reads them, and a clock that tests set."""

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

from backend.connectors.tryton.errors import TrytonRefusal
from backend.connectors.tryton.incremental import IncrementalReader
from backend.connectors.tryton.rows import Item
from backend.connectors.tryton.sources import Source, Trigger, found_by, same
from backend.erp.errors import ErrorClass

NOON = dt.datetime.fromisoformat("2026-11-23T12:00:00")
"""Without a time zone, as Tryton's stamps."""
START = NOON.replace(tzinfo=dt.UTC).timestamp()
OVERLAP = 300.0


class Table:
    """A model of a Tryton in memory: rows with stamps, searched as the follower searches."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[int, dict[str, Any]]] = {"root": {}, "child": {}, "list": {}}

    def put(self, model: str, number: int, second: float, **values: Any) -> None:
        stamp = NOON + dt.timedelta(seconds=second)
        self.rows[model][number] = {"id": number, "last_modified_at": stamp, **values}

    def search_read(
        self,
        model: str,
        domain: list[Any],
        fields: Iterable[str],
        *,
        limit: int | None = None,
        order: Iterable[tuple[str, str]] = (),
        context: Any = None,
    ) -> list[dict[str, Any]]:
        rows = [row for row in self.rows[model].values() if all(_fits(row, clause) for clause in domain)]
        for name, direction in reversed(list(order)):
            rows.sort(key=lambda row: row[name], reverse=direction == "DESC")
        return [dict(row) for row in rows[:limit]]

    def search(self, model: str, domain: list[Any], *, limit: int | None = None) -> list[int]:
        return [row["id"] for row in self.search_read(model, domain, [], limit=limit, order=[("id", "ASC")])]

    def count(self, model: str, domain: list[Any]) -> int:
        return len(self.search(model, domain))


def _fits(row: dict[str, Any], clause: list[Any]) -> bool:
    if clause[0] == "OR":
        return any(_fits(row, part) for part in clause[1:])
    if isinstance(clause[0], list):
        return all(_fits(row, part) for part in clause)
    name, operator, value = clause
    known = row[name]
    return {
        "=": known == value,
        ">": operator == ">" and known > value,
        "<=": operator == "<=" and known <= value,
        "in": operator == "in" and known in value,
    }[operator]


class Roots(Source):
    collection, model = "warehouses", "root"
    triggers = (
        Trigger("root", same()),
        Trigger("child", found_by("root", "id", of="parent"), ["parent"]),
        Trigger("list", lambda client, rows: (), everything=True),
    )

    def domain(self, client: Any) -> list[Any]:
        return []

    def items(self, client: Any, roots: list[int]) -> Iterator[Item]:
        known = client.rows["root"]
        for root in roots:
            yield Item(str(root), {**known[root], "name": known[root]["name"]} if root in known else None)


class Broken(Roots):
    """Roots of which Tryton cannot serve some, nor any call that asks for one of them."""

    def __init__(self, ids: set[int]) -> None:
        self.ids_broken = ids

    def items(self, client: Any, roots: list[int]) -> Iterator[Item]:
        if self.ids_broken & set(roots):
            raise TrytonRefusal("server_fault", ErrorClass.CONFIG, "'bogus'", "'bogus'")
        return super().items(client, roots)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return START + self.now


def follower(table: Table, clock: Clock, page: int = 3) -> IncrementalReader:
    return IncrementalReader(
        table, page=page, overlap=OVERLAP, refresh=86_400, snapshot=86_400, now=clock
    )  # fmt: skip


def read(
    follower: IncrementalReader, watermark: str | None, limit: int = 100
) -> tuple[dict[str, str], str, bool]:
    """Return names by key, the watermark at the end, and whether all was listed."""
    records: dict[str, str] = {}
    listed = False
    for _ in range(1000):
        page = follower.read(Roots(), watermark, limit)
        assert len(page.records) <= limit
        records |= {record["id"]: record["name"] for record in page.records}
        watermark, listed = page.watermark, listed or page.complete_listing
        if not page.more:
            return records, watermark, listed
    raise AssertionError("it never ends")


def seven_records() -> Table:
    """Return a table of seven records, each with a child, and one list."""
    table = Table()
    for number in range(1, 8):
        table.put("root", number, number, name=f"root {number}")
        table.put("child", number, number, parent=number)
    table.put("list", 1, 0)
    return table
