"""Known histories, played step by step by both devices on the model and on the real server.

Each is the shortest that shows a rule at work. They end as every history does: at rest, every phone equals
the server, and so does one that begins today.
"""

from collections.abc import Callable
from typing import Any

from sync_protocol.change import Put
from tests.stateful.histories.checks import differences
from tests.stateful.search.state_machine import Histories

NW, SE, REP = "territory:NW", "territory:SE", "R1"
ALL = frozenset[str]()
History = Callable[[Histories], None]


def moved(key: str, territory: str | None) -> list[Any]:
    return [("customers", key, territory, False)]


def deleted(key: str) -> list[Any]:
    return [("customers", key, None, True)]


def complete(company: Histories, rounds: int = 12) -> None:
    """Pull, download and repair until the phone is complete and verified."""
    for _ in range(rounds):
        if company._pull(REP, None, None):
            return
        company.download(rep=REP, count=20, late=False)
    raise AssertionError("it never became complete")


def history_5_an_old_generation_holds_what_the_new_one_lacks(company: Histories) -> None:
    """One range of a set is applied; a record of it is deleted; the whole next set is applied."""
    company.build_customers(cuts=["3"])
    company.pull(rep=REP, size=None, pages=1, behind=False)
    company.download(rep=REP, count=1, late=False)
    assert ("customers", "1") in company.phones[REP].content()
    company.say(deleted("1"))
    company.build_customers(cuts=["3"])
    complete(company)
    assert ("customers", "1") not in company.phones[REP].content()


def history_6_half_of_the_segments_then_the_channel_is_taken_away(company: Histories) -> None:
    company.build_customers(cuts=["3"])
    company.pull(rep=REP, size=None, pages=1, behind=False)
    company.download(rep=REP, count=1, late=False)
    company.unassign(rep=REP, channel=NW)
    complete(company)
    assert not any(ref[0] == "customers" for ref in company.phones[REP].content())


def history_6_half_of_the_segments_then_the_set_is_gone_and_its_tombstones_too(company: Histories) -> None:
    company.build_customers(cuts=["3"])
    company.pull(rep=REP, size=None, pages=1, behind=False)
    company.download(rep=REP, count=1, late=False)
    company.say(deleted("1"))
    company.retire(territory="NW", swept=True)
    company.compact(behind=0)
    complete(company)


def history_6_half_of_a_set_that_was_old_when_it_was_offered(company: Histories) -> None:
    """A record of the set is gone before the page that offers it; then the set goes, and the tombstone."""
    company.build_customers(cuts=["3"])
    company.say(deleted("1"))
    company.pull(rep=REP, size=None, pages=1, behind=False)
    company.download(rep=REP, count=1, late=False)
    assert ("customers", "1") in company.phones[REP].content()
    company.retire(territory="NW", swept=True)
    company.compact(behind=0)
    complete(company)


def history_6_the_floor_waits_for_the_set_on_offer(company: Histories) -> None:
    """Whoever has applied the set needs every tombstone above it."""
    company.build_customers(cuts=[])
    company.pull(rep=REP, size=None, pages=1, behind=False)
    company.download(rep=REP, count=5, late=False)
    company.say(deleted("1"))
    company.compact(behind=0)
    complete(company)


def history_2_away_for_longer_than_tombstones_live(company: Histories) -> None:
    complete(company)
    company.say([*deleted("1"), *moved("2", "NW")])
    company.say(moved("4", "NW"))
    company.compact(behind=0)
    complete(company)


def history_2_the_first_page_ends_below_the_floor(company: Histories) -> None:
    company.say(moved("2", "NW"))
    company.say(deleted("2"))
    company.compact(behind=0)
    for _ in range(6):
        company.pull(rep=REP, size=1, pages=4, behind=False)
    assert differences(company.world.heard(REP, 2), company.phones[REP].content()) == []


def history_7_after_a_restore_exactly_what_differs_is_repaired(company: Histories) -> None:
    """What the lost time brought, changed and deleted is undone row by row."""
    company.back_up()
    company.say([*moved("1", "NW"), *deleted("3"), *moved("2", "NW")])
    complete(company)
    company.restore()
    company.say(moved("4", "NW"))
    complete(company)


def history_7_positions_must_not_fall_over_an_epoch(company: Histories) -> None:
    """An old set of SE holds customer 2, which has moved to NW since: granted later, it must not win."""
    company.build_customers(cuts=[])
    company.say(moved("2", "NW"))
    complete(company)
    company.restore()
    complete(company)
    company.assign(rep=REP, channel=SE)
    complete(company)
    assert ("customers", "2") in company.phones[REP].content()


def history_7_old_positions_do_not_outlive_their_epoch(company: Histories) -> None:
    """The rows came with a set from high above the backup; after the restore they are rewritten below it."""
    company.back_up()
    for _ in range(10):
        company.say(moved("4", "SE"))
    company.build_customers(cuts=[])
    complete(company)
    company.restore()
    complete(company)
    company.say(moved("1", "NW"))
    complete(company)


def history_6_a_dropped_stream_begins_again_with_the_same_set(company: Histories) -> None:
    """Half of a set is applied over rows that may be older than the floor: the page drops the stream and
    offers the very same set, all of which is to be applied again."""
    company.build_customers(cuts=["3"])
    company.pull(rep=REP, size=None, pages=1, behind=False)
    company.say(deleted("3"))
    company.build_customers(cuts=["3"])
    company.pull(rep=REP, size=None, pages=1, behind=False)
    company.download(rep=REP, count=1, late=False)
    company.server.sweep()
    company.compact(behind=0)
    complete(company)
    assert ("customers", "1") in company.phones[REP].content()


def history_7_a_half_read_stream_begins_again_in_a_new_epoch(company: Histories) -> None:
    company.build_customers(cuts=["3"])
    company.pull(rep=REP, size=None, pages=1, behind=False)
    company.download(rep=REP, count=1, late=False)
    company.back_up()
    company.say(moved("1", None))
    company.restore()
    complete(company)


def a_late_segment_changes_nothing(company: Histories) -> None:
    company.build_customers(cuts=[])
    company.pull(rep=REP, size=None, pages=1, behind=False)
    company.download(rep=REP, count=1, late=True)
    company.unassign(rep=REP, channel=NW)
    complete(company)
    company.deliver_segment(rep=REP, which=0, again=False)
    assert not any(ref[0] == "customers" for ref in company.phones[REP].content())


def a_set_that_was_replaced_does_not_move_the_cursor(company: Histories) -> None:
    """The last segment of the first set arrives when the second set is on offer."""
    company.build_customers(cuts=[])
    company.pull(rep=REP, size=None, pages=1, behind=False)
    company.download(rep=REP, count=1, late=True)
    company.say([*deleted("1"), *moved("2", "NW")])
    company.build_customers(cuts=["3"])
    company.pull(rep=REP, size=None, pages=1, behind=False)
    company.deliver_segment(rep=REP, which=0, again=False)
    complete(company)


def a_segment_cut_anywhere_is_not_applied(company: Histories) -> None:
    company.build_customers(cuts=[])
    company.pull(rep=REP, size=None, pages=1, behind=False)
    for cut in (0.0, 0.2, 0.5, 0.99):
        company.download_is_cut(rep=REP, cut=cut, flipped=False)
        company.download_is_cut(rep=REP, cut=cut, flipped=True)
    complete(company)


def history_10_names_sort_by_their_utf_16_and_not_by_their_code_points(company: Histories) -> None:
    """Rows and segments must give one hash, whatever order and spacing the JSON had on its way."""
    names = {"\U0001f600": 1, "\ufb00": {"z": "ä", "a": None}, "a": ["x", 2]}
    record = {"id": "odd", "symbol": "u", "canary": "<units/odd/0>", **names}
    company.server.publish([Put("units", "odd", record)])
    company._note([Put("units", "odd", record)])
    complete(company)
    company.phones[REP].start_again()
    company.server.build(("everyone", "units"), [])
    complete(company)


def the_outbox_is_pushed_again_after_a_restore(company: Histories) -> None:
    company.back_up()
    company.capture(rep=REP)
    complete(company)
    company.push(rep=REP, arrives=True, answered=True, twice=True)
    complete(company)
    company.restore()
    complete(company)
    company.the_outbox_survives()
    assert company.phones[REP].due()


def what_was_pushed_before_the_first_page_is_pushed_again_after_a_restore(company: Histories) -> None:
    company.back_up()
    company.capture(rep=REP)
    company.push(rep=REP, arrives=True, answered=True, twice=False)
    company.restore()
    complete(company)


def a_standby_that_is_behind_is_asked(company: Histories) -> None:
    company.standby_catches_up()
    company.say([*deleted("1"), *moved("2", "NW")])
    company.pull(rep=REP, size=1, pages=3, behind=False)
    company.pull(rep=REP, size=None, pages=2, behind=True)
    complete(company)


def an_app_that_goes_back_a_revision_in_the_middle_of_segments(company: Histories) -> None:
    company.build_customers(cuts=["3"])
    company.pull(rep=REP, size=None, pages=1, behind=False)
    company.download(rep=REP, count=1, late=False)
    company.say(deleted("1"))
    company.change_app(rep=REP, schema=1)
    complete(company)


def a_writer_that_is_not_through_is_not_passed(company: Histories) -> None:
    """Its positions are below those of whoever comes later; nobody may come before it has ended."""
    complete(company)
    company.open_writer(specs=moved("1", "SE"))
    company.say(moved("2", "NW"))
    complete(company)
    company.close_writer(wins=True)
    complete(company)
    company.open_writer(specs=moved("1", "NW"))
    company.close_writer(wins=False)
    complete(company)


def a_segment_is_refused_to_who_no_longer_hears_it(company: Histories) -> None:
    company.build_customers(cuts=[])
    company.pull(rep=REP, size=None, pages=1, behind=False)
    company.unassign(rep=REP, channel=NW)
    company.download(rep=REP, count=5, late=False)
    assert company.phones[REP].offers()
    complete(company)


KNOWN: list[History] = [
    a_writer_that_is_not_through_is_not_passed,
    a_segment_is_refused_to_who_no_longer_hears_it,
    history_2_away_for_longer_than_tombstones_live,
    history_2_the_first_page_ends_below_the_floor,
    history_5_an_old_generation_holds_what_the_new_one_lacks,
    history_6_half_of_the_segments_then_the_channel_is_taken_away,
    history_6_half_of_the_segments_then_the_set_is_gone_and_its_tombstones_too,
    history_6_half_of_a_set_that_was_old_when_it_was_offered,
    history_6_the_floor_waits_for_the_set_on_offer,
    history_7_after_a_restore_exactly_what_differs_is_repaired,
    history_7_positions_must_not_fall_over_an_epoch,
    history_7_a_half_read_stream_begins_again_in_a_new_epoch,
    history_7_old_positions_do_not_outlive_their_epoch,
    history_6_a_dropped_stream_begins_again_with_the_same_set,
    history_10_names_sort_by_their_utf_16_and_not_by_their_code_points,
    a_late_segment_changes_nothing,
    a_set_that_was_replaced_does_not_move_the_cursor,
    a_segment_cut_anywhere_is_not_applied,
    the_outbox_is_pushed_again_after_a_restore,
    what_was_pushed_before_the_first_page_is_pushed_again_after_a_restore,
    a_standby_that_is_behind_is_asked,
    an_app_that_goes_back_a_revision_in_the_middle_of_segments,
]
