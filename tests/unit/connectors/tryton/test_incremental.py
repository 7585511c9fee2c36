"""The follower loses nothing: not what changes while it reads, not what commits late, not between pages."""

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.connectors.tryton.errors import TrytonRefusal
from backend.connectors.tryton.incremental import IncrementalReader
from backend.connectors.tryton.rows import Item
from backend.connectors.tryton.sources import Source, Trigger, found_by, same
from backend.connectors.tryton.watermark import Watermark
from backend.erp.errors import ErpError, ErrorClass

NOON = dt.datetime(2026, 11, 23, 12, 0)  # noqa: DTZ001 - as Tryton's stamps
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
        found = [row for row in self.rows[model].values() if all(_fits(row, clause) for clause in domain)]
        for name, direction in reversed(list(order)):
            found.sort(key=lambda row: row[name], reverse=direction == "DESC")
        return [dict(row) for row in found[:limit]]

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
        "in": operator == "in" and known in value,
    }[operator]


class Roots(Source):
    collection, model = "warehouses", "root"
    triggers = (
        Trigger("root", same()),
        Trigger("child", found_by("root", "id", of="parent"), ["parent"]),
        Trigger("list", lambda client, found: (), everything=True),
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
        return self.now


@pytest.fixture
def table() -> Table:
    table = Table()
    for number in range(1, 8):
        table.put("root", number, number, name=f"root {number}")
        table.put("child", number, number, parent=number)
    table.put("list", 1, 0)
    return table


@pytest.fixture
def clock() -> Clock:
    return Clock()


def follower(table: Table, clock: Clock, page: int = 3) -> IncrementalReader:
    return IncrementalReader(
        table, page=page, overlap=OVERLAP, refresh=86_400, snapshot=86_400, now=clock  # type: ignore[arg-type]
    )  # fmt: skip


def read(follower: IncrementalReader, mark: str | None, limit: int = 100) -> tuple[dict[str, str], str, bool]:
    """Return names by key, the watermark at the end, and whether all was listed."""
    found: dict[str, str] = {}
    listed = False
    for _ in range(1000):
        page = follower.read(Roots(), mark, limit)
        assert len(page.records) <= limit
        found |= {record["id"]: record["name"] for record in page.records}
        mark, listed = page.watermark, listed or page.complete_listing
        if not page.more:
            return found, mark, listed
    raise AssertionError("it never ends")


def test_the_first_turn_reads_all_and_says_so(table: Table, clock: Clock) -> None:
    for limit in (1, 2, 3, 100):
        found, _, listed = read(follower(table, clock), None, limit)
        assert len(found) == 7
        assert listed


def test_a_full_turn_says_how_many_records_there_are_and_a_following_one_does_not(
    table: Table, clock: Clock
) -> None:
    following = follower(table, clock)
    totals, mark = [], None
    while True:
        page = following.read(Roots(), mark, 3)
        totals.append(page.total)
        mark = page.watermark
        if not page.more:
            break
    assert totals and set(totals) == {7}
    table.put("root", 3, 5000, name="news")
    page = following.read(Roots(), mark, 100)
    assert page.records and page.total is None


def test_where_a_root_gives_several_records_nobody_counts_them(table: Table, clock: Clock) -> None:
    several = Roots()
    several.records_per_root = 2
    table.count = lambda *asked: 1 / 0  # type: ignore[method-assign, assignment, return-value]
    assert follower(table, clock).read(several, None, 100).total is None


def test_after_the_overlap_nothing_is_read_again(table: Table, clock: Clock) -> None:
    following = follower(table, clock)
    _, mark, _ = read(following, None)
    assert read(following, mark)[0], "within the overlap, the newest rows are looked at again"
    clock.now += OVERLAP
    _, mark, _ = read(following, mark)
    found, mark, listed = read(following, mark)
    assert (found, listed) == ({}, False)


def test_a_child_moves_its_root(table: Table, clock: Clock) -> None:
    following = follower(table, clock)
    mark = settled(following, clock)
    table.put("child", 4, 1000, parent=4)
    assert set(read(following, mark)[0]) == {"4"}


def test_a_row_that_commits_late_with_an_old_stamp_is_read(table: Table, clock: Clock) -> None:
    following = follower(table, clock)
    mark = settled(following, clock)
    table.put("root", 5, 2000, name="quick")
    _, mark, _ = read(following, mark)
    clock.now += OVERLAP - 1
    table.put("root", 2, 2000 - OVERLAP + 1, name="slow")
    assert read(following, mark)[0]["2"] == "slow"


def test_what_changes_between_two_pages_is_read(table: Table, clock: Clock) -> None:
    following = follower(table, clock)
    page = following.read(Roots(), None, 2)
    assert page.more
    table.put("root", 1, 500, name="changed behind its back")
    table.put("root", 90, 501, name="new")
    found, _, _ = read(following, page.watermark, 2)
    if "1" not in found:
        found, _, _ = read(following, _, 2)
    assert found["1"] == "changed behind its back"
    assert found["90"] == "new"


def test_a_row_that_touches_everything_is_followed_by_one_full_turn_and_no_more(
    table: Table, clock: Clock
) -> None:
    following = follower(table, clock)
    mark = settled(following, clock)
    table.put("list", 1, 3000)
    found, mark, listed = read(following, mark)
    assert (len(found), listed) == (7, True)
    full_turns = 0
    for _ in range(5):
        clock.now += OVERLAP / 2
        found, mark, listed = read(following, mark)
        full_turns += listed
    assert full_turns == 0


def test_a_late_row_that_touches_everything_is_not_lost(table: Table, clock: Clock) -> None:
    following = follower(table, clock)
    mark = settled(following, clock)
    table.put("list", 1, 3000)
    _, mark, _ = read(following, mark)
    table.put("list", 2, 2900)
    clock.now += OVERLAP
    assert len(read(following, mark)[0]) == 7


def test_everything_is_read_again_after_a_day(table: Table, clock: Clock) -> None:
    following = follower(table, clock)
    mark = settled(following, clock)
    clock.now += 86_400
    found, _, listed = read(following, mark)
    assert (len(found), listed) == (7, True)


def test_a_small_page_of_broken_rows_only_is_set_aside_and_reading_goes_on(table: Table, clock: Clock) -> None:
    """As when somebody edits two rows badly on one day: nothing but them has changed."""
    following = follower(table, clock)
    mark = settled(following, clock)
    broken = Broken({3, 4})
    for number in broken.ids_broken:
        table.put("root", number, 1000, name="cannot be served")
    page = following.read(broken, mark, 100)
    assert [bad.external_id for bad in page.bad] == ["3", "4"]
    table.put("root", 5, 2000, name="news")
    assert read(following, page.watermark)[0]["5"] == "news"
    again = following.reread(broken, ["3", "4"])
    assert [bad.external_id for bad in again.bad] == ["3", "4"], "and trying them again harms nobody"


def test_a_small_page_of_a_collection_none_of_which_can_be_read_is_a_setting(
    table: Table, clock: Clock
) -> None:
    following = follower(table, clock)
    mark = settled(following, clock)
    table.put("root", 3, 1000, name="news")
    with pytest.raises(ErpError) as caught:
        following.read(Broken(set(range(1, 8))), mark, 100)
    assert caught.value.error_class is ErrorClass.CONFIG


def test_a_root_that_is_gone_is_named(table: Table, clock: Clock) -> None:
    following = follower(table, clock)
    mark = settled(following, clock)
    table.put("child", 3, 1000, parent=3)
    page_roots = Roots()
    del table.rows["root"][3]
    table.rows["child"][3]["parent"] = 3
    page_roots.triggers = (Roots.triggers[0], Trigger("child", same("parent"), ["parent"]), Roots.triggers[2])
    assert following.read(page_roots, mark, 100).gone == ("3",)


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "{}", "[1,2]", "[0,[],0,null,null,null,0,[],0,false]", "x" * 99]
)
def test_a_watermark_that_is_none_begins_from_the_start(table: Table, clock: Clock, text: str) -> None:
    assert Watermark.parse(text, 3) is None
    assert len(read(follower(table, clock), text)[0]) == 7


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_history_loses_a_change(data: st.DataObject) -> None:
    """Transactions start, commit up to the overlap later and in any order, while pages of any size are read."""
    table, clock = Table(), Clock()
    following = follower(table, clock, page=data.draw(st.integers(1, 4)))
    waiting: list[tuple[float, int, str]] = []
    mark: str | None = None
    seen: dict[str, str] = {}
    for step in range(data.draw(st.integers(3, 25))):
        pause = data.draw(st.sampled_from([0.0, 1.0, 60.0, 299.0, 400.0]))
        if any(clock.now + pause - started >= 299 for started, _, _ in waiting):
            pause = 0.0  # nobody commits later than the overlap
        clock.now += pause
        if data.draw(st.booleans()):
            waiting.append((clock.now, data.draw(st.integers(1, 9)), f"step {step}"))
        for transaction in list(waiting):
            started, number, name = transaction
            if clock.now - started >= 250 or data.draw(st.booleans()):
                waiting.remove(transaction)
                known = table.rows["root"].get(number)
                # a row lock: who comes later has the later stamp, or is refused
                if known is None or known["last_modified_at"] < NOON + dt.timedelta(seconds=started):
                    table.put("root", number, started, name=name)
        if any(clock.now - started >= 299 for started, _, _ in waiting):
            raise AssertionError("the history is wrong")
        page = following.read(Roots(), mark, data.draw(st.integers(1, 4)))
        seen |= {record["id"]: record["name"] for record in page.records}
        mark = page.watermark
    for started, number, name in waiting:
        known = table.rows["root"].get(number)
        if known is None or known["last_modified_at"] < NOON + dt.timedelta(seconds=started):
            table.put("root", number, started, name=name)
    for _ in range(3):
        found, mark, _ = read(following, mark)
        seen |= found
    assert seen == {str(number): row["name"] for number, row in table.rows["root"].items()}


def settled(following: IncrementalReader, clock: Clock) -> str:
    """Read all, wait for the overlap, and return a watermark from which nothing is left to read."""
    _, mark, _ = read(following, None)
    clock.now += OVERLAP
    _, mark, _ = read(following, mark)
    assert read(following, mark)[0] == {}
    return mark
