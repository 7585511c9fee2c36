"""The follower loses nothing: not what changes while it reads, not what commits late, not between pages."""

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.connectors.tryton.incremental import IncrementalReader
from backend.connectors.tryton.sources import Trigger, same
from backend.connectors.tryton.watermark import Watermark
from backend.erp.errors import ErpError, ErrorClass
from tests.examples import share_of_examples
from tests.unit.connectors.tryton.scripted_tables import (
    NOON,
    OVERLAP,
    Broken,
    Clock,
    Roots,
    Table,
    follower,
    read,
    seven_records,
)


@pytest.fixture
def table() -> Table:
    return seven_records()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_the_first_reading_is_a_complete_listing(table: Table, clock: Clock) -> None:
    for limit in (1, 2, 3, 100):
        records, _, listed = read(follower(table, clock), None, limit)
        assert len(records) == 7
        assert listed


def test_only_a_full_reading_gives_the_number_of_records(table: Table, clock: Clock) -> None:
    following = follower(table, clock)
    totals, watermark = [], None
    while True:
        page = following.read(Roots(), watermark, 3)
        totals.append(page.total)
        watermark = page.watermark
        if not page.more:
            break
    assert totals and set(totals) == {7}
    table.put("root", 3, 5000, name="news")
    page = following.read(Roots(), watermark, 100)
    assert page.records and page.total is None


def test_no_number_of_records_is_given_where_a_root_has_several(table: Table, clock: Clock) -> None:
    several = Roots()
    several.records_per_root = 2
    table.count = lambda *arguments: 1 / 0
    assert follower(table, clock).read(several, None, 100).total is None


def test_unchanged_rows_are_not_read_again_after_the_overlap(table: Table, clock: Clock) -> None:
    following = follower(table, clock)
    _, watermark, _ = read(following, None)
    assert read(following, watermark)[0], "within the overlap, the newest rows are looked at again"
    clock.now += OVERLAP
    _, watermark, _ = read(following, watermark)
    records, watermark, listed = read(following, watermark)
    assert (records, listed) == ({}, False)


def test_a_changed_child_updates_its_root(table: Table, clock: Clock) -> None:
    following = follower(table, clock)
    watermark = settled(following, clock)
    table.put("child", 4, 1000, parent=4)
    assert set(read(following, watermark)[0]) == {"4"}


def test_a_row_that_commits_late_with_an_old_stamp_is_read(table: Table, clock: Clock) -> None:
    following = follower(table, clock)
    watermark = settled(following, clock)
    table.put("root", 5, 2000, name="quick")
    _, watermark, _ = read(following, watermark)
    clock.now += OVERLAP - 1
    table.put("root", 2, 2000 - OVERLAP + 1, name="slow")
    assert read(following, watermark)[0]["2"] == "slow"


def test_a_change_between_two_pages_is_read(table: Table, clock: Clock) -> None:
    following = follower(table, clock)
    page = following.read(Roots(), None, 2)
    assert page.more
    table.put("root", 1, 500, name="changed behind its back")
    table.put("root", 90, 501, name="new")
    records, _, _ = read(following, page.watermark, 2)
    if "1" not in records:
        records, _, _ = read(following, _, 2)
    assert records["1"] == "changed behind its back"
    assert records["90"] == "new"


def test_a_row_that_commits_behind_a_reading_of_several_calls_is_read() -> None:
    """The reading has passed the row's place, and then reads a row that is much newer."""
    table, clock = Table(), Clock()
    following = follower(table, clock, page=2)
    _, watermark, _ = read(following, None)
    for number in (1, 2, 3, 5):
        table.put("root", number, 0, name=f"root {number}")
    for number in ("1", "2", "3"):
        page = following.read(Roots(), watermark, 1)
        assert [record["id"] for record in page.records] == [number]
        watermark = page.watermark
    table.put("root", 4, 0, name="committed behind")
    clock.now += OVERLAP + 100
    table.put("root", 9, clock.now, name="newer")
    records: dict[str, str] = {}
    for _ in range(2):
        more, watermark, _ = read(following, watermark, 1)
        records |= more
    assert records["9"] == "newer"
    assert records["4"] == "committed behind"


def test_the_overlap_counts_from_the_end_of_a_long_reading() -> None:
    """The reading began long before it came to the children; a slow transaction of one still runs."""
    table, clock = Table(), Clock()
    following = follower(table, clock, page=1)
    for number in (1, 2):
        table.put("root", number, 0, name=f"root {number}")
    watermark = settled(following, clock)
    clock.now = began = 2 * OVERLAP
    for number in (3, 4):
        table.put("root", number, began, name=f"root {number}")
    for _ in range(2):
        watermark = following.read(Roots(), watermark, 1).watermark
    clock.now = began + OVERLAP - 10
    table.put("child", 8, clock.now, parent=1)
    assert "1" in read(following, watermark, 1)[0]
    _, watermark, _ = read(following, watermark, 1)
    clock.now = began + OVERLAP + 10
    _, watermark, _ = read(following, watermark)
    table.put("child", 9, began + OVERLAP - 11, parent=2)
    assert "2" in read(following, watermark)[0]


def test_a_row_that_affects_all_records_causes_one_full_reading(table: Table, clock: Clock) -> None:
    following = follower(table, clock)
    watermark = settled(following, clock)
    table.put("list", 1, 3000)
    records, watermark, listed = read(following, watermark)
    assert (len(records), listed) == (7, True)
    full_turns = 0
    for _ in range(5):
        clock.now += OVERLAP / 2
        records, watermark, listed = read(following, watermark)
        full_turns += listed
    assert full_turns == 0


def test_a_late_row_that_affects_all_records_is_read(table: Table, clock: Clock) -> None:
    following = follower(table, clock)
    watermark = settled(following, clock)
    table.put("list", 1, 3000)
    _, watermark, _ = read(following, watermark)
    table.put("list", 2, 2900)
    clock.now += OVERLAP
    assert len(read(following, watermark)[0]) == 7


def test_everything_is_read_again_after_a_day(table: Table, clock: Clock) -> None:
    following = follower(table, clock)
    watermark = settled(following, clock)
    clock.now += 86_400
    records, _, listed = read(following, watermark)
    assert (len(records), listed) == (7, True)


def test_a_page_of_broken_rows_is_set_aside_and_reading_continues(table: Table, clock: Clock) -> None:
    """As when somebody edits two rows badly on one day: nothing but them has changed."""
    following = follower(table, clock)
    watermark = settled(following, clock)
    broken = Broken({3, 4})
    for number in broken.ids_broken:
        table.put("root", number, 1000, name="cannot be served")
    page = following.read(broken, watermark, 100)
    assert [bad_row.external_id for bad_row in page.bad] == ["3", "4"]
    table.put("root", 5, 2000, name="news")
    assert read(following, page.watermark)[0]["5"] == "news"
    reread = following.reread(broken, ["3", "4"])
    assert [bad_row.external_id for bad_row in reread.bad] == ["3", "4"], "and trying them again harms nobody"


def test_a_collection_without_any_readable_row_is_a_configuration_error(table: Table, clock: Clock) -> None:
    following = follower(table, clock)
    watermark = settled(following, clock)
    table.put("root", 3, 1000, name="news")
    with pytest.raises(ErpError) as caught:
        following.read(Broken(set(range(1, 8))), watermark, 100)
    assert caught.value.error_class is ErrorClass.CONFIG


def test_a_deleted_root_is_reported_as_gone(table: Table, clock: Clock) -> None:
    following = follower(table, clock)
    watermark = settled(following, clock)
    table.put("child", 3, 1000, parent=3)
    page_roots = Roots()
    del table.rows["root"][3]
    table.rows["child"][3]["parent"] = 3
    page_roots.triggers = (Roots.triggers[0], Trigger("child", same("parent"), ["parent"]), Roots.triggers[2])
    assert following.read(page_roots, watermark, 100).gone == ("3",)


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "{}", "[1,2]", "[0,[],0,null,null,null,0,[],0,false]", "x" * 99]
)
def test_an_invalid_watermark_begins_from_the_start(table: Table, clock: Clock, text: str) -> None:
    assert Watermark.parse(text, 3) is None
    assert len(read(follower(table, clock), text)[0]) == 7


def test_an_unfinished_read_of_the_version_before_begins_again(table: Table, clock: Clock) -> None:
    following = follower(table, clock)
    watermark = settled(following, clock)
    for number in range(1, 8):
        table.put("root", number, 1000 + number, name="changed")
    clock.now += 1000
    page = following.read(Roots(), watermark, 1)
    assert page.more
    *before, horizon = json.loads(page.watermark)
    assert horizon is not None
    records, watermark, _ = read(following, json.dumps([2, *before[1:]]))
    records |= read(following, watermark)[0]
    assert set(records) == {str(number) for number in range(1, 8)}


@share_of_examples(1.5)  # a history has many steps, and a loss needs a certain order of several
@given(st.data())
def test_no_history_loses_a_change(data: st.DataObject) -> None:
    """Transactions start, commit up to the overlap later and in any order, while pages of any size are read."""
    table, clock = Table(), Clock()
    following = follower(table, clock, page=data.draw(st.integers(1, 4)))
    waiting: list[tuple[float, int, str]] = []
    watermark: str | None = None
    replica: dict[str, str] = {}
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
        page = following.read(Roots(), watermark, data.draw(st.integers(1, 4)))
        replica |= {record["id"]: record["name"] for record in page.records}
        watermark = page.watermark
    for started, number, name in waiting:
        known = table.rows["root"].get(number)
        if known is None or known["last_modified_at"] < NOON + dt.timedelta(seconds=started):
            table.put("root", number, started, name=name)
    for _ in range(3):
        records, watermark, _ = read(following, watermark)
        replica |= records
    assert replica == {str(number): row["name"] for number, row in table.rows["root"].items()}


def settled(following: IncrementalReader, clock: Clock) -> str:
    """Read all, wait for the overlap, and return a watermark from which nothing is left to read."""
    _, watermark, _ = read(following, None)
    clock.now += OVERLAP
    _, watermark, _ = read(following, watermark)
    assert read(following, watermark)[0] == {}
    return watermark
