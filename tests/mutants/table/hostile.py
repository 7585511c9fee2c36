"""Mutants of the reading of hostile input: work that grows faster than the input."""

from backend.api import large_bodies, request_body
from backend.api.endpoints import enrol
from backend.connectors.flatfile.table import Table
from backend.inbox import supersession
from backend.sync import unsent_import
from backend.sync.push import _PushBatch
from sync_protocol import canonical, collection, strict_json
from tests.mutants.edits import always, body, drop, never, replace
from tests.mutants.mutant import Mutant

STRICT = "tests/unit/sync_protocol/test_strict_json.py"
LARGE = "tests/unit/api/test_large_bodies.py"
PUSH = "tests/unit/sync/test_bounded_push.py"
DECODERS = "tests/architecture/test_decoders.py"

HOSTILE = [
    Mutant(
        "an export is unpacked as a whole",
        "–",
        "600 bytes of bzip2 that a phone wrote become a gigabyte in the memory of the operator's command.",
        "tests/unit/cli/test_import_unsent.py"
        "::test_a_packing_that_unpacks_as_a_whole_is_refused_before_it_is_unpacked",
        [never(unsent_import._bytes, "archive.getinfo(name).compress_type not in PACKINGS")],
    ),
    Mutant(
        "the rep of an export is looked for as it is",
        "–",
        "A name that no database can hold, or that writes lines of its own on the terminal.",
        "tests/unit/cli/test_import_unsent.py"
        "::test_the_name_of_a_rep_in_an_export_reaches_neither_database_nor_terminal",
        [body(unsent_import._is_name, "return isinstance(value, str)")],
        only="sqlite",
    ),
    Mutant(
        "a name that occurs twice is looked for again and again",
        "–",
        "Each name of an object is compared with all others to find one that occurs twice.",
        f"{STRICT}::test_a_name_that_occurs_twice_at_the_end_is_found_with_a_few_comparisons_for_each_name",
        [replace(strict_json.unique, "name in earlier", "[other for other, _ in pairs].count(name) > 1")],
    ),
    Mutant(
        "the last of two equal names counts",
        "–",
        "The quick decoder keeps the last of two equal names, and nobody looks whether one was lost.",
        f"{STRICT}::test_both_decoders_give_equal_values_or_both_refuse",
        [replace(strict_json._compact, "orjson.dumps(value) == text", "True")],
    ),
    Mutant(
        "values are not counted",
        "–",
        "Four megabytes of small values are decoded into half a gigabyte.",
        f"{STRICT}::test_values_have_a_bound_in_number",
        [never(strict_json.require_bounded, "sum($MARKS) > values")],
    ),
    Mutant(
        "a number becomes infinite",
        "–",
        "1e400 is decoded as infinity, which is no JSON and which nothing behind the decoder expects.",
        f"{STRICT}::test_a_fault_is_named",
        [never(strict_json.decode, "isinstance(value, float) and not math.isfinite(value)")],
    ),
    Mutant(
        "brackets inside texts count",
        "–",
        "The depth is read from all brackets, so texts can hide it.",
        f"{STRICT}::test_nesting_has_a_bound",
        [replace(strict_json.require_bounded, 'b"".join($PARTS)', "text")],
    ),
    Mutant(
        "the place of a value is copied for each value below",
        "–",
        "A long name is copied for every value below it before canonical JSON is written.",
        f"{STRICT}::test_the_place_of_a_fault_is_not_copied_for_each_value",
        [replace(canonical._ordered, "(place, key)", 'str(place) + "x" * len(key)')],
    ),
    Mutant(
        "gzip has no ratio",
        "–",
        "A few kilobytes of gzip hold the largest push.",
        f"{LARGE}::test_a_body_that_inflates_to_a_hundred_times_its_bytes_is_refused",
        [replace(request_body._inflated, "min(most, LIMITS.inflate_ratio * len(body))", "most")],
    ),
    Mutant(
        "all large bodies at once",
        "–",
        "As many large bodies are decoded at once as there are threads.",
        f"{LARGE}::test_one_large_body_too_many_is_asked_to_come_again",
        [never(large_bodies.admit, "not turns.take()")],
    ),
    Mutant(
        "a turn is kept",
        "–",
        "A request that ends does not give its turn back: after two of them no large body is read any more.",
        f"{LARGE}::test_a_request_gives_its_turn_back_however_it_ends",
        [drop(large_bodies.release, "turns.give_back()")],
    ),
    Mutant(
        "megabytes without a token",
        "–",
        "Enrolment reads a body of the size of a push before it knows anybody.",
        "tests/unit/api/test_linear_routes.py::test_a_route_without_a_token_takes_kilobytes_only",
        [replace(enrol.respond.view, "services.limits.unauthenticated_bytes", "None")],
    ),
    Mutant(
        "every fault is told",
        "–",
        "Each of thousands of faults is stored twice and sent.",
        f"{PUSH}::test_the_faults_of_a_document_are_counted_beyond_the_first_ones",
        [never(collection.first_faults, "($A) or ($B)")],
    ),
    Mutant(
        "a line of versions without an end",
        "–",
        "A copy reads all versions before it, however many there are.",
        f"{PUSH}::test_a_document_has_a_bounded_number_of_versions",
        [never(supersession.ancestors, "len(visited) > versions.MOST")],
        only="sqlite",
    ),
    Mutant(
        "a push replaces without a bound",
        "–",
        "A push that changes more records than a transaction may fails with 500 for ever.",
        f"{PUSH}::test_a_push_that_replaces_more_than_a_transaction_may_change_is_refused_as_a_whole",
        [never(_PushBatch._store, "self._changes > LIMITS.push_changes")],
    ),
    Mutant(
        "a file of quotation marks is read again and again",
        "–",
        "Behind each line that opens a quotation mark, 256 KiB of the file are read again.",
        f"{DECODERS}::test_twice_the_text_takes_twice_the_work",
        [always(Table._index, "again <= $MOST")],
        only="table",
    ),
]
