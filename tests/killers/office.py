"""Killers of the office's deeds on parked documents."""

from tests.killers.killer import Killer

ATTEMPTS = "backend/delivery/attempts.py"
DEED = "backend/delivery/office/deed.py"
DEEDS = "backend/delivery/office/deeds.py"
WISHES = "backend/sync/wishes.py"
SIGHT = "backend/delivery/office/sight.py"
SAFELY = "tests/unit/delivery/test_parked_safely.py"
PARKED = "tests/unit/delivery/test_parked.py"

PARKED_DOCUMENTS = [
    Killer(
        "a fenced settle after the office acted", "–",
        "A worker from before settles a document that the office has sent again, over the worker that has it now.",
        f"{SAFELY}::test_a_worker_from_before_cannot_settle_over_the_office",
        [(ATTEMPTS, "    _SUBMISSION.c.fence == bindparam", "    _SUBMISSION.c.fence >= bindparam")],
        only="sqlite",
    ),
    Killer(
        "linked twice", "–",
        "Two of our documents are linked to one of the ERP's.",
        f"{SAFELY}::test_two_documents_cannot_be_linked_to_one_number",
        [(DEEDS, "    if rival is not None:\n", "    if False:\n")],
        only="sqlite",
    ),
    Killer(
        "linked to another one's document", "–",
        "A number is taken although the ERP's document carries the key of another of ours.",
        f"{SAFELY}::test_a_document_of_the_erp_that_carries_another_key_is_not_taken",
        [(DEEDS, "    if found.key not in (None, row.id):\n", "    if False:\n")],
        only="sqlite",
    ),
    Killer(
        "a linked document counts as vanished", "–",
        "The daily look asks for a linked document by our key alone, which the ERP's does not carry: it is sent again.",
        f"{SAFELY}::test_a_linked_document_is_there_for_whoever_reconciles",
        [("backend/delivery/shown.py", "    if not found and decision == Decision.LINKED and number:\n", "    if False:\n")],
        only="sqlite",
    ),
    Killer(
        "an alert twice", "–",
        "An alert is not marked before it is sent: a worker that dies in between, or another one, sends it again.",
        "tests/unit/delivery/test_alerts.py::test_a_worker_that_dies_while_it_sends_tells_nobody_twice",
        [("backend/delivery/alerts/tell.py", 'alert.state, alert.due_at, alert.tries = "sending", now, alert.tries + 1',
          "alert.tries += 1")],
        only="sqlite",
    ),
    Killer(
        "a deed without a trace", "–",
        "What the office does is not entered into the audit trail.",
        f"{PARKED}::test_retrying_sends_it_again_and_says_who_did_it",
        [(DEED, "    enter(session, row, deed, name, forced_from, detail)\n", "")],
        only="sqlite",
    ),
    Killer(
        "given up although the ERP has it", "–",
        "A document is cancelled or sent back without asking the ERP: the rep's copy becomes a second one there.",
        f"{SAFELY}::test_what_the_erp_has_is_not_given_up",
        [(SIGHT, "        if seen.by_key:\n", "        if False:\n")],
        only="sqlite",
    ),
    Killer(
        "given up while a call may still be executed", "–",
        "The quiet period is not waited for before a document is given up.",
        f"{SAFELY}::test_a_call_that_may_still_be_executed_is_waited_for",
        [(SIGHT, "        at_rest(row, seen)\n", "")],
        only="sqlite",
    ),
    Killer(
        "what the ERP showed an hour ago", "–",
        "An answer of the ERP counts although a worker has been at the document since.",
        f"{SAFELY}::test_what_the_erp_showed_before_a_worker_came_does_not_count",
        [(SIGHT, "    if sight is None or sight.fence != row.fence:\n", "    if sight is None:\n")],
        only="sqlite",
    ),
    Killer(
        "withdrawn although it is being sent", "–",
        "A withdrawal takes back what the ERP has or may have: the rep believes it gone, and it is delivered.",
        "tests/unit/sync/test_wishes.py::test_once_it_may_be_in_the_erp_it_is_too_late",
        [(WISHES, "    if State(old.state) in REPLACEABLE and not inbox.may_be_in_erp(old):\n", "    if True:\n"),
         ("sync_protocol/submission.py", "S.SENDING: frozenset(\n        {", "S.SENDING: frozenset(\n        {S.WITHDRAWN, ")],
        only="sqlite and sending",
    ),
    Killer(
        "a withdrawal that came first is forgotten", "–",
        "A document that arrives after its withdrawal is sent.",
        "tests/unit/sync/test_wishes.py::test_a_withdrawal_that_comes_before_its_document",
        [(WISHES, "        return State.WITHDRAWN, \"It was withdrawn before it came\", None\n",
          "        return State.QUEUED, \"\", None\n")],
        only="sqlite",
    ),
    Killer(
        "two people at one document", "–",
        "A claim by somebody of the office keeps nobody out.",
        f"{SAFELY}::test_a_claim_keeps_others_out_until_it_lapses",
        [(DEED, "    if holder not in (None, deed.by) and not deed.force:\n", "    if False:\n")],
        only="sqlite",
    ),
]  # fmt: skip
