"""Mutants of what an ERP writes: cells, clocks, keys, and faults of one file."""

from backend.connectors.flatfile import acknowledgements, errors, exports, layout
from backend.connectors.flatfile.files import joined
from backend.connectors.flatfile.lines import Lines
from backend.connectors.tryton import rows
from backend.connectors.tryton.incremental import IncrementalReader
from backend.erp import composite
from sync_protocol import fields
from tests.mutants.edits import drop, never, replace
from tests.mutants.mutant import Mutant

FLATFILE = "tests/unit/connectors/flatfile"
TRYTON = "tests/unit/connectors/tryton"

CELLS = [
    Mutant(
        "a byte that is not text stops its file",
        "–",
        "The bytes of a data file are decoded without looking at which row a wrong one is in.",
        f"{FLATFILE}/test_hostile_cells.py::test_the_message_names_the_bytes_and_does_not_guess",
        [
            replace(Lines._decoded, 'self.flawed or b"\\0" in raw', "self.flawed"),
            drop(Lines._decoded, "self.flawed = True"),
        ],
    ),
    Mutant(
        "a value that cannot be summed stops a page of Tryton",
        "–",
        "Only a refusal of Tryton makes a page smaller, and not a value that the reading cannot use.",
        f"{TRYTON}/test_hostile_rows.py::test_a_value_that_stops_the_reading_of_a_page_costs_its_own_record",
        [replace(rows._items, "raise InvalidReply($$$ARGS) from error", "raise")],
    ),
    Mutant(
        "an export of 2036 hides every later one",
        "–",
        "Exports are ordered by their names, whatever time these say.",
        f"{FLATFILE}/test_clocks.py::test_an_export_that_is_dated_ahead_silences_no_later_one",
        [replace(exports.is_misdated, "time is None or is_ahead(time, now)", "False")],
    ),
    Mutant(
        "a row of 2036 hides every later change in Tryton",
        "–",
        "The cursor goes to the newest stamp, whatever time it is.",
        f"{TRYTON}/test_clocks.py::test_a_row_that_is_dated_ahead_silences_no_later_change",
        [replace(IncrementalReader._is_ahead, "stamp is not None and stamp > $LATEST", "False")],
    ),
    Mutant(
        "a long read of Tryton ends at a row that is newer than what it passed",
        "–",
        "What commits behind the place of a read of several calls is never read.",
        f"{TRYTON}/test_incremental.py::test_a_row_that_commits_behind_a_reading_of_several_calls_is_read",
        [never(IncrementalReader._end, "mark.horizon is not None")],
    ),
    Mutant(
        "the overlap counts from the beginning of a long read of Tryton",
        "–",
        "A row that commits a little late is never read.",
        f"{TRYTON}/test_incremental.py::test_the_overlap_counts_from_the_end_of_a_long_reading",
        [replace(IncrementalReader._end, "self._now()", "mark.began")],
    ),
    Mutant(
        "one manifest stops all acknowledgements",
        "–",
        "A manifest that was changed by somebody else is raised from the reading of all acknowledgements.",
        f"{FLATFILE}/test_one_file.py::test_a_strange_manifest_of_one_document_stops_no_other_acknowledgement",
        [replace(acknowledgements.Mailbox._isolated, "reason = error.message", "raise")],
    ),
    Mutant(
        "a name that is too long is a share that is away",
        "–",
        "Every error of a file counts as an error of the folder, and the document is sent again forever.",
        f"{FLATFILE}/test_one_file.py::test_a_file_that_cannot_be_written_parks_its_document_and_no_other",
        [replace(errors.is_of_one_file, "return error.errno in _OF_ONE_FILE", "return False")],
    ),
    Mutant(
        "a file name as long as the warehouse's code",
        "–",
        "The name of a forecast contains the whole code of its warehouse, three characters for each byte.",
        f"{FLATFILE}/test_one_file.py::test_a_warehouse_with_a_long_code_gets_its_forecast",
        [never(layout.forecast_stem, "len(code) > LONGEST_CODE")],
    ),
    Mutant(
        "orders show the goods of each other",
        "–",
        "The lines of a delivery are found by its id alone, whichever order they are of.",
        f"{FLATFILE}/test_parts.py::test_orders_that_share_a_delivery_show_their_own_goods",
        [replace(joined, "json.dumps($$$ARGS)", "values[-1]")],
    ),
    Mutant(
        "two records under one composite key",
        "–",
        "The parts of a composite key are joined as they are, so A@B and C make the same key as A and B@C.",
        f"{FLATFILE}/test_parts.py::test_composite_keys_are_one_to_one",
        [replace(composite._without, "$ENCODED if character in characters else character", "character")],
    ),
    Mutant(
        "an invisible key",
        "–",
        "A key may have characters that nobody sees, such as U+200B.",
        "tests/unit/sync_protocol/test_keys.py"
        "::test_a_key_with_an_invisible_character_is_refused_and_the_character_is_named",
        [never(fields.Key.error_for, "isinstance(value, str) and not is_printable(value)")],
    ),
]
