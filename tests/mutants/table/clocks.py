"""Mutants of times from a wrong clock, of exact conversions, and of numbers that the ERP gives twice."""

from backend.connectors.flatfile import acknowledgement_file
from backend.connectors.tryton.mapping import orders, units
from backend.feed import position_times
from backend.inbox import settle
from backend.office import linking
from backend.watchdog import collections, late, misdated
from sync_protocol import fields
from tests.mutants.edits import drop, never, replace
from tests.mutants.mutant import Mutant
from tests.mutants.tree import calls

WATCHDOG = "tests/unit/watchdog/test_failing_collections.py"
TRYTON_UNITS = "tests/unit/connectors/tryton/mapping/test_units.py"
NUMBERS = "tests/unit/office/test_number_conflict.py"

CLOCKS = [
    Mutant(
        "compaction waits for 2036",
        "–",
        "The clock was ahead for an hour, and no tombstone is deleted for ten years.",
        "tests/unit/feed/test_position_times.py::test_times_of_a_clock_that_was_ahead_do_not_delay_compaction",
        [drop(position_times.record, calls(position_times.correct))],
        only="sqlite",
    ),
    Mutant(
        "a retry waits for 2036",
        "–",
        "A document was tried while the clock was ahead, and it is not sent for ten years.",
        "tests/unit/delivery/followup/test_misdated.py"
        "::test_a_document_tried_while_the_clock_was_ahead_is_sent_once_it_is_right",
        [replace(misdated.make_misdated_due, "due > now + LONGEST_WAIT", "due < now - LONGEST_WAIT")],
    ),
    Mutant(
        "a heartbeat of 2036",
        "–",
        "A worker that died while its clock was ahead counts as alive for ten years.",
        f"{WATCHDOG}::test_a_heartbeat_of_tomorrow_is_no_sign_of_life",
        [replace(late._is_old, "now - moment > limit or is_ahead(moment, now)", "now - moment > limit")],
        only="sqlite",
    ),
    Mutant(
        "a collection fails in silence",
        "–",
        "A collection is not read for days, and nobody gets an alert.",
        f"{WATCHDOG}::test_a_collection_that_fails_for_an_hour_causes_one_message",
        [never(collections._late, "since is not None and ($LONG or $AHEAD)")],
        only="sqlite",
    ),
    Mutant(
        "a filler in a key",
        "–",
        "A key may have U+3164, which is a letter and drawn as nothing.",
        "tests/unit/sync_protocol/test_keys.py"
        "::test_a_key_with_an_invisible_character_is_refused_and_the_character_is_named",
        [replace(fields.is_printable, "not DRAWN_AS_NOTHING.search(text)", "True")],
    ),
    Mutant(
        "the rounded factor of a unit",
        "–",
        "A piece in dozens counts as 0.083333333333, so five dozens begin at 61 pieces.",
        f"{TRYTON_UNITS}::test_the_accurate_one_of_factor_and_rate_counts",
        [replace(units.factor_of, "_is_positive(rate) and rate > factor", "False")],
    ),
    Mutant(
        "half a box was delivered",
        "–",
        "A converted quantity has decimals that its unit does not allow.",
        f"{TRYTON_UNITS}::test_pieces_that_were_shipped_are_whole_boxes_of_the_order",
        [replace(orders._sum_in, "unit is None or not converted", "True")],
    ),
    Mutant(
        "an id that no database stores",
        "–",
        "The ERP answers with an id of thousands of characters: the document waits, and nobody reads why.",
        "tests/unit/connectors/flatfile/test_acknowledgements.py"
        "::test_an_id_or_number_that_no_database_stores_is_set_aside",
        [replace(acknowledgement_file._one, 'len(value or "") > LONGEST_ID', "False")],
    ),
    Mutant(
        "one number, two documents",
        "–",
        "The ERP names a document by its number alone, and gives that number to another one.",
        f"{NUMBERS}::test_a_number_that_is_the_only_id_of_one_document_is_not_given_to_another",
        [replace(settle._is_namesake, "other.external_id != other.number and $OWN", "True")],
        only="sqlite",
    ),
    Mutant(
        "a number of two documents cannot be linked",
        "–",
        "The ERP has two documents under one number, and the office has no way to settle it.",
        f"{NUMBERS}::test_a_parked_document_is_linked_to_the_one_of_two_that_is_free",
        [replace(linking._possible, "document.external_id not in taken", "True")],
        only="sqlite",
    ),
]
