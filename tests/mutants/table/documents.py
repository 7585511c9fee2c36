"""Mutants of push and of the two directions to the ERP: documents doubled, overwritten or deleted."""

from backend.delivery.queue import acquire
from backend.delivery.transfer import Transfer
from backend.inbox import supersession
from backend.inbox.models import Submission
from backend.ingest import sweep, watermarks
from backend.sync import push
from backend.sync.push import _PushBatch
from tests.mutants.edits import body, replace
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
                push.push,
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
        "tests/unit/sync/test_push.py::test_another_document_under_a_used_id_is_kept_apart_and_overwrites_nothing",
        [replace(_PushBatch._repeat, f"$SAME_REP and $STORED.{Submission.sha256.key} == $SHA256", "$SAME_REP")],
        only="sqlite",
    ),
    Mutant(
        "only the copy waits its turn",
        "–",
        "An original does not take the lock for its rep's pushes: it and its copy, in two requests at once,"
        " do not see each other, and both are sent.",
        "tests/unit/sync/test_concurrent_pushes.py::test_an_original_and_its_copy_do_not_pass_each_other_by",
        [
            replace(
                push.push,
                calls(supersession.lock_rep),
                'any(item.get("supersedes") for item in submissions) and $MATCH',
            )
        ],
    ),
    Mutant(
        "a failover doubles a document",
        "11",
        "The ERP is not asked for our key before something is created.",
        "tests/stateful/histories/test_11_failover_doubles.py::test_after_a_failover_the_erp_is_asked_and_the_document_found",
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
        "tests/unit/ingest/test_sweep.py::test_a_record_that_came_after_the_listing_is_spared",
        [replace(sweep._live_up_to, "$ROW <= $POSITION", "$ROW >= 0")],
        only="sqlite",
    ),
    Mutant(
        "a slow importer overwrites a newer page",
        "14",
        "The watermark moves although another importer has moved it since.",
        "tests/unit/ingest/test_importer.py::test_a_page_that_was_overtaken_is_rolled_back_and_reading_stops",
        [
            replace(
                watermarks.advance, "$VALUE.is_not_distinct_from($FROM)", "$VALUE.is_not_distinct_from($VALUE)"
            )
        ],
        only="sqlite",
    ),
]
