"""Killers of forwarding: what loses a document, doubles it, or hurts an ERP that is hurt already."""

from tests.killers.killer import Killer

ERRAND, CLAIMS, TURNS = (f"backend/delivery/{name}.py" for name in ("errand", "claims", "turns"))
FORWARDER, RETRY = "backend/delivery/forwarder.py", "backend/delivery/retry.py"
HTTP, CLIENT = "backend/connectors/tryton/http.py", "backend/connectors/tryton/client.py"
IN_CLAIMS, IN_DOUBT = "tests/unit/delivery/test_claims.py", "tests/unit/delivery/test_unknown_outcomes.py"
GARBAGE = "tests/unit/connectors/tryton/test_client.py"

FORWARDING = [
    Killer(
        "resent on a timeout", "–",
        "A create without an answer counts as not executed, so that it is sent again without waiting.",
        f"{IN_DOUBT}::test_a_call_that_may_still_run_is_not_repeated_however_early_the_look",
        [(ERRAND, "            if error.error_class is not ErrorClass.UNKNOWN:\n                self.sent_at = before\n"
          "            raise\n        self.ended = (f\"created", "            self.sent_at = before\n"
          "            raise\n        self.ended = (f\"created")],
        only="sqlite",
    ),
    Killer(
        "sent before it is written down", "–",
        "The ERP is called inside the transaction that notes the attempt: a worker that dies leaves no trace of it.",
        f"{IN_DOUBT}::test_the_attempt_is_on_disk_before_the_erp_is_called",
        [(ERRAND, "            self._begin(session, step)\n        return self._ask(ask)",
          "            self._begin(session, step)\n            return self._ask(ask)")],
        only="postgresql",
    ),
    Killer(
        "two hits are one", "–",
        "Of two documents in the ERP under our key the first is taken, and nobody is told.",
        "tests/unit/delivery/test_error_classes.py::test_two_hits_are_for_a_person_and_never_a_success",
        [(ERRAND, "        if len(hits) > 1:\n", "        if False:\n")],
        only="sqlite",
    ),
    Killer(
        "poison counted when it fails", "–",
        "A claim raises no count: whoever is killed by a document cannot raise it either, and the next one is killed.",
        f"{IN_CLAIMS}::test_a_document_is_claimed_three_times_without_an_end_and_then_parked",
        [(CLAIMS, "    row.claims += 1\n", "")],
        only="sqlite",
    ),
    Killer(
        "one customer's orders side by side", "–",
        "Documents of one order key are sent at the same time, and overtake each other.",
        f"{IN_CLAIMS}::test_documents_of_one_order_key_go_one_after_another",
        [(TURNS, "                other.order_key == Submission.order_key,\n",
          "                other.order_key == Submission.id,\n"),
         (TURNS, "        Submission.order_key == bindparam(\"key\"),\n",
          "        Submission.order_key == bindparam(\"mine\"),\n")],
        only="sqlite",
    ),
    Killer(
        "a dependent does not wait", "–",
        "A document is sent although the one that it depends on is not in the ERP.",
        f"{IN_CLAIMS}::test_a_dependent_goes_as_soon_as_what_it_depends_on_is_accepted",
        [("backend/delivery/dependencies.py", "        elif found.state != State.ACCEPTED:\n", "        elif False:\n")],
        only="sqlite",
    ),
    Killer(
        "a parked document blocks its customer", "–",
        "What the office must look at holds up everything else of its order key.",
        f"{IN_CLAIMS}::test_a_parked_document_holds_up_nobody_but_its_dependents",
        [(TURNS, "_IN_FLIGHT = (_SENDING, _UNKNOWN)", "_IN_FLIGHT = (_SENDING, _UNKNOWN, literal_column(\"'parked'\"))"),
         (TURNS, "_ACTIVE = (_QUEUED, _SENDING, _UNKNOWN)",
          "_ACTIVE = (_QUEUED, _SENDING, _UNKNOWN, literal_column(\"'parked'\"))")],
        only="sqlite",
    ),
    Killer(
        "half the jitter", "–",
        "A wait is half its ceiling and half chance: what failed together comes back together.",
        "tests/unit/delivery/test_retry.py::test_a_wait_lies_anywhere_between_nothing_and_the_ceiling",
        [(RETRY, "seconds=self.random() * self.ceiling(tries)", "seconds=(1 + self.random()) / 2 * self.ceiling(tries)")],
    ),
    Killer(
        "Retry-After not read", "–",
        "The ERP says when to come again, and is asked before.",
        "tests/unit/delivery/test_error_classes.py::test_the_erps_own_retry_after_wins",
        [(RETRY, "        if retry_after is not None:\n", "        if False:\n")],
        only="sqlite",
    ),
    Killer(
        "every document tries an ERP that is away", "–",
        "A thousand queued documents knock at an ERP that does not answer, one after another.",
        "tests/unit/delivery/test_silence.py::test_three_documents_without_an_answer_stop_sending_until_check_answers",
        [("backend/delivery/silence.py", "        if len(self._unanswered) < MOST_UNANSWERED:\n", "        if True:\n")],
        only="sqlite and down",
    ),
    Killer(
        "probed with an order", "–",
        "An open breaker stops nobody: the next document finds out whether the ERP takes it.",
        "tests/unit/delivery/test_breaker.py::test_it_is_probed_with_check_and_never_with_a_document",
        [(FORWARDER, "breaker.is_open(session, self.connector.name) or self._held(session)", "self._held(session)")],
        only="sqlite",
    ),
    Killer(
        "a slow probe closes another opening", "–",
        "A good answer to an old probe closes a breaker that has opened again since, and every document is sent"
        " into the same trouble.",
        "tests/unit/delivery/test_breaker.py::test_a_slow_good_probe_does_not_close_what_has_opened_again_since",
        [("backend/delivery/breaker.py", " or row.incidents != opening:", ":")],
        only="sqlite",
    ),
    Killer(
        "a settlement waits while it holds a row", "–",
        "Waking a dependent waits for whoever holds its row: a push that takes both back waits for the settlement,"
        " and the database ends one of the two.",
        "tests/unit/delivery/test_locks.py::test_a_settlement_and_a_push_that_takes_parent_and_child_back_do_not_wait_for_each_other",
        [("backend/delivery/dependencies.py", "    .with_for_update(skip_locked=True)\n", "    .with_for_update()\n")],
    ),
    Killer(
        "poison forgiven by an answer", "–",
        "A settlement that only says \"again\" forgets the claims that were broken off: a document that kills every"
        " other worker does so for ever.",
        f"{IN_CLAIMS}::test_a_document_that_kills_every_other_worker_ends_parked_too",
        [("backend/delivery/settle.py", "    row.claims -= 1\n", "    row.claims = 0\n")],
        only="sqlite",
    ),
    Killer(
        "writers counted side by side", "–",
        "Two claims count the documents on their way at the same time, and both take the last place.",
        "tests/unit/delivery/test_writers.py::test_two_claims_at_one_moment_do_not_both_take_the_last_place",
        [("backend/delivery/writers.py", "    if is_postgresql(session):\n", "    if False:\n")],
    ),
    Killer(
        "rung before the commit", "–",
        "The doorbell rings before the document is there: the worker looks, sees nothing, and nobody rings again.",
        "tests/unit/api/test_doorbell.py::test_what_is_rung_for_is_there",
        [("backend/api/push.py", "    with lock.writing() as session:\n",
          "    queues.ring(satchel().settings)\n    with lock.writing() as session:\n")],
    ),
    Killer(
        "pickles in Redis", "–",
        "Whoever may write to Redis runs code in the workers.",
        "tests/unit/delivery/test_doorbell.py::test_what_lies_in_redis_is_json",
        [("backend/queues.py", "connection=connection(url), serializer=JSONSerializer)", "connection=connection(url))")],
        only="sqlite",
    ),
    Killer(
        "an unknown reply is a success", "–",
        "An answer that holds neither a result nor an error counts as an empty result.",
        f"{GARBAGE}::test_an_answer_that_cannot_be_used_is_unknown_for_a_write_and_transient_for_a_read",
        [(CLIENT, '    if set(reply) == {"id", "result"}:\n        return reply["result"]',
          '    if "error" not in reply:\n        return reply.get("result")')],
    ),
    Killer(
        "no bound on what is unpacked", "–",
        "A kilobyte of gzip from an ERP fills the worker's memory.",
        f"{GARBAGE}::test_a_bomb_takes_no_more_memory_than_the_bound",
        [(HTTP, "inflate.decompress(piece, most - total + 1)", "inflate.decompress(piece)")],
    ),
    Killer(
        "a deadline for each piece", "–",
        "A server that sends a line of a header now and then holds a worker for ever.",
        "tests/unit/connectors/tryton/test_hostile.py::test_an_answer_that_never_ends_is_given_up",
        [("backend/connectors/tryton/deadline.py", "    if until is None:\n", "    if True:\n")],
        only="headers and drip and write",
    ),
]  # fmt: skip
