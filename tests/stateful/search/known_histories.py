"""Known histories, played step by step by both devices on the model and on the real server.

Each is the shortest that shows a rule at work. They end as every history does: at rest, every phone equals
the server, and so does one that begins today. `counter_proofs.py` plays them without their rules.
"""

from sync_protocol.change import Put
from tests.stateful.histories.checks import differences
from tests.stateful.search.history_steps import NW, REP, History, complete, deleted, dropped, moved
from tests.stateful.search.known_restores import RESTORES
from tests.stateful.search.state_machine import Histories


def history_4_a_standby_that_is_behind_says_not_yet(company: Histories) -> None:
    """The primary's page ends below the rewritten customer 1, and the standby has nothing above that."""
    company.standby_catches_up()
    company.publish(moved("1", "NW"))
    company.pull(rep=REP, size=1, pages=1, behind=False)
    company.pull(rep=REP, size=None, pages=2, behind=True)
    complete(company)


def history_5_an_old_generation_holds_what_the_new_one_lacks(company: Histories) -> None:
    """One range of a set is applied; a record of it is deleted; the whole next set is applied."""
    company.build_customers(cuts=["3"])
    company.pull(rep=REP, size=None, pages=1, behind=False)
    company.download(rep=REP, count=1, late=False)
    assert ("customers", "1") in company.phones[REP].content()
    company.publish(deleted("1"))
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
    company.publish(deleted("1"))
    company.retire(territory="NW", swept=True)
    company.compact(behind=0)
    complete(company)


def history_6_half_of_a_set_that_was_old_when_it_was_offered(company: Histories) -> None:
    """A record of the set is gone before the page that offers it; then the set goes, and the tombstone."""
    company.build_customers(cuts=["3"])
    company.publish(deleted("1"))
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
    company.publish(deleted("1"))
    company.compact(behind=0)
    complete(company)


def history_6_the_floor_waits_for_a_retired_set_that_may_be_fetched(company: Histories) -> None:
    """Half of the set is applied; a phone may still fetch the other half, so no tombstone above it goes."""
    company.build_customers(cuts=["3"])
    company.pull(rep=REP, size=None, pages=1, behind=False)
    company.download(rep=REP, count=1, late=False)
    company.publish(deleted("1"))
    company.retire(territory="NW", swept=False)
    company.compact(behind=0)
    drops = dropped(company)
    complete(company)
    assert (NW, "customers") not in drops, "the phone has to begin again"


def the_horizon_sends_only_phones_back_that_missed_a_tombstone(company: Histories) -> None:
    """R1 was away for longer than tombstones live; R3, who reads the same territory, was not."""
    complete(company)
    company.publish([*deleted("1"), *moved("2", "NW")])
    company.publish(moved("4", "NW"))
    complete(company, rep="R3")
    company.compact(behind=0)
    assert dropped(company, "R3") == []
    drops = dropped(company)
    complete(company)
    assert (NW, "customers") in drops, "the phone continues over deleted tombstones"


def history_2_the_first_page_ends_below_the_floor(company: Histories) -> None:
    company.publish(moved("2", "NW"))
    company.publish(deleted("2"))
    company.compact(behind=0)
    for _ in range(6):
        company.pull(rep=REP, size=1, pages=4, behind=False)
    assert differences(company.world.expected(REP, 2), company.phones[REP].content()) == []


def history_6_a_dropped_stream_begins_again_with_the_same_set(company: Histories) -> None:
    """Half of a set is applied over rows that may be older than the floor: the page drops the stream and
    offers the very same set, all of which is to be applied again."""
    company.build_customers(cuts=["3"])
    company.pull(rep=REP, size=None, pages=1, behind=False)
    company.publish(deleted("3"))
    company.build_customers(cuts=["3"])
    company.pull(rep=REP, size=None, pages=1, behind=False)
    company.download(rep=REP, count=1, late=False)
    company.server.sweep()
    company.compact(behind=0)
    complete(company)
    assert ("customers", "1") in company.phones[REP].content()


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
    company.publish([*deleted("1"), *moved("2", "NW")])
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


def an_app_that_goes_back_a_revision_in_the_middle_of_segments(company: Histories) -> None:
    company.build_customers(cuts=["3"])
    company.pull(rep=REP, size=None, pages=1, behind=False)
    company.download(rep=REP, count=1, late=False)
    company.publish(deleted("1"))
    company.change_app(rep=REP, schema=1)
    complete(company)


def a_writer_that_is_not_through_is_not_passed(company: Histories) -> None:
    """Its positions are below those of whoever comes later; nobody may come before it has ended."""
    complete(company)
    company.open_writer(specs=moved("1", "SE"))
    company.publish(moved("2", "NW"))
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
    history_4_a_standby_that_is_behind_says_not_yet,
    history_5_an_old_generation_holds_what_the_new_one_lacks,
    history_6_half_of_the_segments_then_the_channel_is_taken_away,
    history_6_half_of_the_segments_then_the_set_is_gone_and_its_tombstones_too,
    history_6_half_of_a_set_that_was_old_when_it_was_offered,
    history_6_the_floor_waits_for_the_set_on_offer,
    history_6_the_floor_waits_for_a_retired_set_that_may_be_fetched,
    the_horizon_sends_only_phones_back_that_missed_a_tombstone,
    history_2_the_first_page_ends_below_the_floor,
    history_6_a_dropped_stream_begins_again_with_the_same_set,
    a_late_segment_changes_nothing,
    a_set_that_was_replaced_does_not_move_the_cursor,
    a_segment_cut_anywhere_is_not_applied,
    history_10_names_sort_by_their_utf_16_and_not_by_their_code_points,
    an_app_that_goes_back_a_revision_in_the_middle_of_segments,
    a_writer_that_is_not_through_is_not_passed,
    a_segment_is_refused_to_who_no_longer_hears_it,
    *RESTORES,
]
