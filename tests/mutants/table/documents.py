"""Mutants of push and of the two directions to the ERP: documents doubled, overwritten or deleted."""

from backend.database import plan_age, prepared_statements, round_trip
from backend.database.prepared_statements import PreparedStatements
from backend.delivery.queue import acquire
from backend.delivery.transfer import Transfer
from backend.feed import additions
from backend.inbox.models import Submission
from backend.ingest import sweep, watermarks
from backend.sync import push, push_reads
from backend.sync.push import _PushBatch
from sync_protocol import citing_code, condition_code
from tests.mutants.edits import body, drop, never, replace
from tests.mutants.mutant import Mutant
from tests.mutants.tree import calls

DOCUMENTS = [
    Mutant(
        "a lost reply doubles the document",
        "–",
        "The server gives documents ids of its own, so that a document that comes again is stored twice.",
        "tests/unit/sync/test_push.py::test_the_same_document_again_is_a_duplicate_with_the_stored_result",
        [
            replace(
                push.parsed,
                "[$PARSE($ITEM) for $ITEM in $ALL]",
                '[$PARSE({**$ITEM, "id": str(__import__("ulid").ULID())}) for $ITEM in $ALL]',
            )
        ],
        only="sqlite",
    ),
    Mutant(
        "another document overwrites",
        "–",
        "The same id with other contents is answered as a duplicate.",
        "tests/unit/sync/test_push.py::test_another_document_with_a_used_id_is_quarantined",
        [replace(_PushBatch._repeat, f"$SAME_REP and $STORED.{Submission.sha256.key} == $SHA256", "$SAME_REP")],
        only="sqlite",
    ),
    Mutant(
        "only the copy takes the lock",
        "–",
        "An original does not take the lock for its rep's pushes: it and its copy, in two requests at once,"
        " do not see each other, and both are sent.",
        "tests/unit/sync/test_concurrent_pushes.py::test_concurrent_pushes_of_an_original_and_its_copy_keep_one",
        [
            replace(
                push_reads._read,
                "supersession.lock_reads(dialect, rep)",
                "supersession.lock_reads("
                'dialect * any(item.envelope.get("supersedes") for item in submissions),'
                " rep)",
            )
        ],
    ),
    Mutant(
        "a push keeps the plans of empty tables",
        "–",
        "The statements of a push are planned with the server's own settings: a plan that was made while the"
        " tables were empty reads them whole when they have grown.",
        "tests/query_plans/test_growth_of_pushes.py"
        "::test_a_push_reads_as_many_rows_after_five_thousand_orders_as_before",
        [body(round_trip.by_index, "return []")],
    ),
    Mutant(
        "plans that are never made again",
        "–",
        "A connection keeps the plans that it has made for tables which were vacuumed while they were empty.",
        "tests/unit/database/test_plan_age.py::test_a_plan_is_made_again_after_some_time",
        [body(plan_age.renew_plans, "return None")],
    ),
    Mutant(
        "statements that are prepared no longer",
        "–",
        "psycopg deallocates a connection's statements at a rollback; the next push on it fails.",
        "tests/unit/database/test_prepared_statements.py"
        "::test_statements_are_prepared_again_after_psycopg_has_deallocated_them",
        [body(prepared_statements.forget_with_psycopg, "return None")],
    ),
    Mutant(
        "results that nobody has read",
        "–",
        "A connection that was interrupted in a pipeline continues: the next statement gets the results of"
        " others.",
        "tests/unit/database/test_prepared_statements.py"
        "::test_a_connection_that_is_interrupted_in_a_pipeline_is_closed",
        [drop(PreparedStatements._results, "self.connection.close()")],
    ),
    Mutant(
        "a value is split in two",
        "–",
        "A text with the character that ends each value of a column moves all values behind it to other rows.",
        "tests/unit/sync/test_push_ways.py::test_a_value_that_would_be_split_is_not_stored_at_once",
        [never(additions._joined, "$A != $B or $C != $D")],
    ),
    Mutant(
        "the record of another line",
        "–",
        "A rule of each line reads the record that the line before it names.",
        "tests/unit/sync_protocol/test_generated.py::test_the_record_of_a_line_is_looked_up_for_each_line",
        [drop(condition_code.any_true, "code.forget($NAMES)")],
    ),
    Mutant(
        "an unknown record is not missed",
        "–",
        "A document that cites a record which the rep may not cite is accepted.",
        "tests/unit/sync_protocol/test_generated.py::test_what_a_body_cites",
        [body(citing_code.finds_all, "return lambda body, find: True")],
    ),
    Mutant(
        "positions of a promoted standby",
        "11",
        "The statement that stores and publishes new documents does not compare the lineage.",
        "tests/unit/sync/test_push_ways.py::test_nothing_is_stored_at_once_after_a_standby_was_promoted",
        [replace(additions._statement, "positions.LINEAGE", '"lineage"')],
    ),
    Mutant(
        "a sum that does not wrap",
        "–",
        "New documents are added to the sum of their stream with a sum that the database refuses above 2^63.",
        "tests/unit/sync/test_push_ways.py::test_a_sum_wraps_at_64_bits",
        [replace(additions._statement, "_WRAPPED", '"stream.sum + excluded.sum"')],
    ),
    Mutant(
        "a failover doubles a document",
        "11",
        "The ERP is not asked for our key before something is created.",
        "tests/stateful/histories/test_11_failover_doubles.py::test_after_a_restore_that_nobody_noticed_the_erp_is_asked_before_it_gets_a_document",
        [replace(Transfer._forward, calls(Transfer._look_up), "None")],
    ),
    Mutant(
        "taken over before the quiet period",
        "quiet period",
        "Another worker continues an open outcome before the ERP's longest request has ended.",
        "tests/stateful/histories/test_11_failover_doubles.py::test_a_worker_waits_out_the_quiet_period_before_it_takes_over",
        [
            body(Transfer._still_open, "return None"),
            replace(acquire._expire_leases, "max($NOW, $REST)", "$NOW"),
        ],
    ),
    Mutant(
        "a sweep deletes what came after its listing",
        "14",
        "The sweep deletes records above the head that was noted before the ERP listed its keys.",
        "tests/unit/ingest/test_sweep.py::test_a_record_newer_than_the_listing_is_kept",
        [replace(sweep._live_up_to, "$ROW <= $POSITION", "$ROW >= 0")],
        only="sqlite",
    ),
    Mutant(
        "a slow importer overwrites a newer page",
        "14",
        "The watermark moves although another importer has moved it since.",
        "tests/unit/ingest/test_importer.py::test_an_overtaken_page_is_rolled_back",
        [
            replace(
                watermarks.advance, "$VALUE.is_not_distinct_from($FROM)", "$VALUE.is_not_distinct_from($VALUE)"
            )
        ],
        only="sqlite",
    ),
]
