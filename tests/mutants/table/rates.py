"""Mutants of limits, quotas and admission."""

from backend import clock
from backend.api import plain_pull, quota, rate_guard
from backend.api.endpoints import enrol, sync
from backend.api.rates import address
from backend.api.rates.counts import Counts
from backend.api.rates.limits import Rates
from backend.api.rates.local_counts import LocalCounts
from backend.api.work import Admission
from backend.office import queries
from backend.receipts import uploads
from sync_protocol.device.sync import push
from tests.mutants.edits import before, body, drop, never, replace
from tests.mutants.mutant import Mutant
from tests.mutants.symbol import constant
from tests.mutants.tree import calls

RATES = "tests/unit/api/rates"
GUARD = f"{RATES}/test_rate_guard.py"
SHARED = f"{RATES}/test_shared_counts.py"
LOCAL = f"{RATES}/test_local_counts.py"
ADMISSION = "tests/unit/api/test_admission.py"
QUOTA = "tests/unit/api/endpoints/test_quota.py"

LIMITS = [
    Mutant(
        "a guesser locks out the neighbours",
        "–",
        "Above the limit of failures every enrolment of an address is refused, before its code is looked at.",
        f"{GUARD}::test_a_guesser_does_not_lock_out_the_neighbours",
        [before(enrol.respond.view, "request_body.require_storable($BODY)", "rate_guard.failed()")],
    ),
    Mutant(
        "wrong codes without a limit",
        "–",
        "Each wrong code gets its own error, however many there were.",
        f"{GUARD}::test_a_guesser_does_not_lock_out_the_neighbours",
        [never(rate_guard.failed, "wait")],
    ),
    Mutant(
        "a loop of idle polls is not counted",
        "–",
        "A request that the middleware answers counts for no limit.",
        f"{GUARD}::test_a_loop_of_idle_polls_is_counted_too",
        [never(plain_pull.read, calls(rate_guard.wait_of_device))],
    ),
    Mutant(
        "pulls take the share of pushes",
        "–",
        "A device in a loop of pulls may not push either.",
        f"{GUARD}::test_a_device_in_a_loop_must_wait_and_may_still_push",
        [replace(Rates.count_request, "self._pushes if pushes else self._reads", "self._reads")],
    ),
    Mutant(
        "each address of a subscriber counts alone",
        "–",
        "A guesser uses another IPv6 address of its /64 for each attempt.",
        f"{RATES}/test_address.py::test_all_addresses_of_a_subscriber_are_one_network",
        [replace(address.network_of, "ip_network($$$)", "parsed")],
    ),
    Mutant(
        "each node counts alone",
        "–",
        "A limit is one per process although there is a Redis.",
        f"{SHARED}::test_two_nodes_share_a_limit",
        [body(Counts._report, "return 0")],
    ),
    Mutant(
        "what was counted alone is not reported",
        "–",
        "The first report to the other nodes states one event.",
        f"{SHARED}::test_what_a_node_counts_alone_is_reported_with_the_first_event_above",
        [replace(Counts.wait, "count if count - amount <= limit.alone else amount", "amount")],
    ),
    Mutant(
        "a dead Redis is asked again for each request",
        "–",
        "Every request waits until a Redis that is away does not answer.",
        f"{SHARED}::test_a_redis_that_dies_in_the_middle_leaves_the_count_of_the_process",
        [drop(Counts._report, "self._away_until = $TIME")],
    ),
    Mutant(
        "counts without a bound",
        "–",
        "A million addresses fill the memory of a web process.",
        f"{LOCAL}::test_a_million_addresses_take_the_memory_of_a_few_thousand",
        [never(LocalCounts.count, "len(self._windows) > self._max_keys")],
    ),
    Mutant(
        "a window that outlives its clock",
        "–",
        "After a clock was put back an address waits for hours.",
        f"{LOCAL}::test_a_clock_that_is_put_back_does_not_lengthen_a_window",
        [replace(LocalCounts.count, "now < entry[1] <= now + window", "now < entry[1]")],
    ),
    Mutant(
        "resyncs are admitted like pushes",
        "–",
        "A busy server admits first syncs as long as it has a thread.",
        f"{ADMISSION}::test_a_busy_server_refuses_first_syncs_then_pulls_and_never_pushes",
        [body(Admission._fits, "return True")],
    ),
    Mutant(
        "pushes are refused first",
        "–",
        "A push is refused while a resync is admitted.",
        f"{ADMISSION}::test_a_push_is_never_refused_while_a_resync_is_admitted",
        [body(Admission._fits, "return others < self._most.get(work, 1)")],
    ),
    Mutant(
        "the page of a sync is always read",
        "–",
        "A device that sends its first sync as a sync is not refused.",
        f"{ADMISSION}::test_a_sync_stores_its_documents_although_its_page_is_refused",
        [drop(sync.respond.view, "admission.require_page($CURSOR)")],
    ),
    Mutant(
        "the day of a quota begins in UTC",
        "–",
        "A rep in Berlin gets the quota of the next day an hour late.",
        f"{QUOTA}::test_documents_beyond_the_quota_wait_for_the_next_day_in_the_companys_zone",
        [before(clock.day_of, "$DATE, $INFO = $A, $B", 'zone = "UTC"')],
        only="sqlite",
    ),
    Mutant(
        "a quota that is reached counts as not reached",
        "–",
        "A rep may push again after as many documents as the quota.",
        f"{QUOTA}::test_a_rep_who_has_sent_exactly_the_quota_must_wait",
        [replace(quota._documents, "$A < $B", "$A <= $B")],
        only="sqlite",
    ),
    Mutant(
        "refused documents take no room",
        "–",
        "A phone makes the server keep gigabytes a day: half a megabyte for each document that is refused.",
        f"{QUOTA}::test_bytes_of_refused_documents_and_of_quarantine_count",
        [replace(quota.read, "Used(row.documents, row.kept_bytes)", "Used(row.documents, 0)")],
        only="sqlite",
    ),
    Mutant(
        "no quota of documents",
        "–",
        "A rep may push any number of documents in a day.",
        f"{QUOTA}::test_a_sync_without_documents_continues",
        [body(quota.require_documents, "return None")],
        only="sqlite",
    ),
    Mutant(
        "receipts count for ever",
        "–",
        "The receipts of all days count for the quota of one.",
        f"{QUOTA}::test_receipts_count_by_number_and_by_bytes",
        [replace(uploads._used, "ReceiptHolder.stored_at >= began", "ReceiptHolder.rep == rep")],
        only="sqlite",
    ),
    Mutant(
        "unfinished uploads take no room",
        "–",
        "A rep fills the disk with uploads that never end.",
        f"{QUOTA}::test_an_unfinished_upload_takes_room",
        [replace(uploads.create, "unfinished + count + 1", "count + 1")],
        only="sqlite",
    ),
    Mutant(
        "office pages without a bound in bytes",
        "–",
        "A page of the office's list holds 500 bodies of 512 KiB.",
        "tests/unit/api/endpoints/test_office_paging.py::test_the_pages_have_every_document_once",
        [replace(queries.list_parked, "size > limit_bytes", "False")],
    ),
    Mutant(
        "a document is given up when the day is full",
        "–",
        "The device takes `quota_exceeded` for the refusal of its documents.",
        "tests/contract/conformance/test_device_kit.py::test_the_reference_device_keeps_every_rule",
        [replace(constant(push, push.SPLITS), "(400, 413, 422)", "(400, 413, 422, 429)")],
    ),
]
