"""Mutants of forwarding: they lose a document, double it, or overload an ERP in trouble."""

from backend import doorbell
from backend.api import push_storage
from backend.connectors.tryton import client, deadline
from backend.delivery import breaker, forwarder
from backend.delivery.attempts import AttemptLog
from backend.delivery.breaker import OutageDetector
from backend.delivery.forwarder import Forwarder
from backend.delivery.models import Breaker
from backend.delivery.queue import acquire, concurrency, dependencies, ordering
from backend.delivery.transfer import Transfer
from backend.inbox import dependents
from backend.inbox.models import Submission
from backend.retry import Backoff
from backend.sync import push
from sync_protocol.inflate import inflate
from tests.mutants.edits import always, body, drop, move, never, replace
from tests.mutants.mutant import Mutant
from tests.mutants.symbol import constant
from tests.mutants.tree import calls

ORDER_KEY = Submission.order_key.key
ACQUIRE = "tests/unit/delivery/queue/test_acquire.py"
ORDER_KEYS = "tests/unit/delivery/queue/test_order_keys.py"
DEPENDENCIES = "tests/unit/delivery/queue/test_dependencies.py"
UNKNOWN_OUTCOMES = "tests/unit/delivery/test_unknown_outcomes.py"
GARBAGE = "tests/unit/connectors/tryton/test_client.py"

FORWARDING = [
    Mutant(
        "resent on a timeout",
        "–",
        "A create without an answer counts as not executed, so that it is sent again without waiting.",
        f"{UNKNOWN_OUTCOMES}::test_an_early_lookup_does_not_repeat_a_running_call",
        [always(Transfer._create, "$CLASS is not $UNKNOWN")],
        only="sqlite",
    ),
    Mutant(
        "sent before the attempt is recorded",
        "–",
        "The ERP is called inside the transaction that records the attempt: a worker that dies leaves no"
        " record of it.",
        f"{UNKNOWN_OUTCOMES}::test_an_attempt_is_committed_before_the_erp_is_called",
        [move(Transfer._call, calls(Transfer._ask), after=calls(AttemptLog.open))],
        only="postgresql",
    ),
    Mutant(
        "two hits are one",
        "–",
        "If the ERP has two documents under our key, the first is adopted, and nobody learns of it.",
        "tests/unit/delivery/test_error_classes.py::test_two_documents_with_our_key_are_parked",
        [never(Transfer._look_up, "len($HITS) > 1")],
        only="sqlite",
    ),
    Mutant(
        "poison counted when it fails",
        "–",
        "A lease does not raise the count: a worker that a document kills cannot raise it either, and the"
        " next worker is killed.",
        f"{ACQUIRE}::test_a_document_is_leased_three_times_without_an_end_and_then_parked",
        [drop(acquire._lease_row, f"$ROW.{Submission.unfinished_leases.key} += 1")],
        only="sqlite",
    ),
    Mutant(
        "one customer's orders side by side",
        "–",
        "Documents of one order key are sent at the same time, and may arrive in another order.",
        f"{ORDER_KEYS}::test_documents_of_one_order_key_are_sent_one_after_another",
        [
            replace(ordering.due, f"$OTHER.{ORDER_KEY} == $ROW.{ORDER_KEY}", f"$OTHER.{ORDER_KEY} == $ROW.id"),
            replace(ordering.before, f"$ROW.{ORDER_KEY} == $KEY", "$ROW.id == $KEY"),
        ],
        only="sqlite",
    ),
    Mutant(
        "a dependent does not wait",
        "–",
        "A document is sent although the one that it depends on is not in the ERP.",
        f"{DEPENDENCIES}::test_a_dependent_is_sent_once_its_dependency_is_accepted",
        [never(dependencies.blocking_dependency, "$ROW.state != $ACCEPTED")],
        only="sqlite",
    ),
    Mutant(
        "a parked document blocks its customer",
        "–",
        "A parked document delays all other documents of its order key.",
        f"{DEPENDENCIES}::test_a_parked_document_delays_only_its_dependents",
        [
            replace(
                constant(ordering, ordering._IN_FLIGHT), "($A, $B)", """($A, $B, literal_column("'parked'"))"""
            ),
            replace(
                constant(ordering, ordering._ACTIVE),
                "($A, $B, $C)",
                """($A, $B, $C, literal_column("'parked'"))""",
            ),
        ],
        only="sqlite",
    ),
    Mutant(
        "half the jitter",
        "–",
        "Only half of a wait is random: documents that failed together come back together.",
        "tests/unit/test_retry.py::test_a_wait_is_random_between_zero_and_the_ceiling",
        [replace(Backoff.wait, "$RANDOM() * $CEILING($TRIES)", "(1 + $RANDOM()) / 2 * $CEILING($TRIES)")],
    ),
    Mutant(
        "Retry-After not read",
        "–",
        "The ERP says when to come again, and is called before that.",
        "tests/unit/delivery/test_error_classes.py::test_retry_after_of_the_erp_overrides_the_backoff",
        [never(Backoff.wait, "$SECONDS is not None")],
        only="sqlite",
    ),
    Mutant(
        "every document tries an ERP that is away",
        "–",
        "A thousand queued documents call an ERP that does not answer, one after another.",
        "tests/unit/delivery/test_outage_detector.py::test_three_documents_without_an_answer_stop_sending_until_check_answers",
        [always(OutageDetector.record, "len($UNANSWERED) < $MOST")],
        only="sqlite and down",
    ),
    Mutant(
        "probed with an order",
        "–",
        "An open breaker does not stop sending: the next document finds out whether the ERP accepts it.",
        "tests/unit/delivery/test_breaker.py::test_the_breaker_probes_with_check_and_never_with_a_document",
        [replace(Forwarder._acquire, "$SENDING.breaker_is_open or $HELD", "$HELD")],
        only="sqlite",
    ),
    Mutant(
        "a slow probe closes another opening",
        "–",
        "A good answer to an old probe closes a breaker that has opened again since, and every document"
        " meets the same trouble.",
        "tests/unit/delivery/test_breaker.py::test_a_slow_successful_probe_does_not_close_a_reopened_breaker",
        [replace(breaker._conclude, f"$CLOSED or $ROW.{Breaker.incidents.key} != $OPENING", "$CLOSED")],
        only="sqlite",
    ),
    Mutant(
        "a settlement waits while it holds a row",
        "–",
        "Waking a dependent waits for the lock on its row: a push that takes both back waits for the"
        " settlement, and the database aborts one of the two.",
        "tests/unit/delivery/test_locks.py::test_a_settlement_and_a_withdrawing_push_do_not_deadlock",
        [
            replace(
                constant(dependents, dependents._WAITING),
                "$ROWS.with_for_update(skip_locked=True)",
                "$ROWS.with_for_update()",
            )
        ],
    ),
    Mutant(
        "poison forgiven by an answer",
        "–",
        'A settlement that only says "again" resets the count of unfinished leases: a document that kills every'
        " other worker does so forever.",
        f"{ACQUIRE}::test_a_document_that_kills_every_other_worker_is_parked",
        [
            replace(
                forwarder.settle_lease,
                f"$ROW.{Submission.unfinished_leases.key} -= 1",
                f"$ROW.{Submission.unfinished_leases.key} = 0",
            )
        ],
        only="sqlite",
    ),
    Mutant(
        "documents in flight counted at the same time",
        "–",
        "Two workers count the documents in flight at the same time, and both take the last place.",
        "tests/unit/delivery/queue/test_concurrency.py::test_two_leases_at_one_moment_do_not_both_take_the_last_place",
        [body(concurrency.lock_counter, "return")],
    ),
    Mutant(
        "rung before the commit",
        "–",
        "The doorbell rings before the document is there: the worker looks, sees nothing, and nobody rings"
        " again.",
        "tests/unit/api/endpoints/test_push_doorbell.py::test_the_doorbell_rings_after_the_commit",
        [move(push_storage.store, calls(doorbell.ring), before=calls(push.parsed))],
    ),
    Mutant(
        "pickles in Redis",
        "–",
        "Anybody who may write to Redis can run code in the workers.",
        "tests/unit/delivery/test_doorbell.py::test_jobs_in_redis_are_json",
        [replace(doorbell._queue, "Queue($$$REST, serializer=$JSON)", "Queue($$$REST)")],
        only="sqlite",
    ),
    Mutant(
        "an unknown reply is a success",
        "–",
        "An answer that holds neither a result nor an error counts as an empty result.",
        f"{GARBAGE}::test_an_unusable_answer_is_unknown_for_a_write_and_transient_for_a_read",
        [
            replace(client._result, 'set($REPLY) == {"id", "result"}', '"error" not in $REPLY'),
            replace(client._result, 'return $REPLY["result"]', 'return $REPLY.get("result")'),
        ],
    ),
    Mutant(
        "no bound on what is unpacked",
        "–",
        "A kilobyte of gzip from an ERP fills the worker's memory.",
        "tests/unit/sync_protocol/test_inflate.py::test_no_more_memory_is_used_than_the_bound",
        [replace(inflate, "$INFLATER.decompress($PIECE, $ROOM)", "$INFLATER.decompress($PIECE)")],
    ),
    Mutant(
        "a deadline for each piece",
        "–",
        "A server that sends one line of a header from time to time keeps a worker busy forever.",
        "tests/unit/connectors/tryton/test_hostile.py::test_an_endless_answer_is_cut_off",
        [always(deadline._left, "$UNTIL is None")],
        only="headers and drip and write",
    ),
]
