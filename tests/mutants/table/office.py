"""Mutants of what the office does with parked documents."""

from backend.delivery import attempts, erp_lookup
from backend.delivery.alerts import dispatch
from backend.identity import audit
from backend.inbox.models import Submission
from backend.office import erp_check, linking, service
from backend.sync import amendments
from sync_protocol import submission
from tests.mutants.edits import always, drop, never, replace
from tests.mutants.mutant import Mutant
from tests.mutants.symbol import constant
from tests.mutants.tree import calls

ACTIONS = "tests/unit/office/test_actions.py"
ERP_CHECK = "tests/unit/office/test_erp_check.py"
LINKING = "tests/unit/office/test_linking.py"
SERVICE = "tests/unit/office/test_service.py"

PARKED_DOCUMENTS = [
    Mutant(
        "a fenced settle after the office acted",
        "–",
        "A worker with an expired lease settles a document that the office has sent again, and that another"
        " worker has leased since.",
        f"{SERVICE}::test_a_worker_from_before_cannot_settle_over_the_office",
        [
            replace(
                constant(attempts, attempts._NEWEST_LEASE),
                f"$ROW.{Submission.fence.key} == $FENCE",
                f"$ROW.{Submission.fence.key} >= $FENCE",
            )
        ],
        only="sqlite",
    ),
    Mutant(
        "linked twice",
        "–",
        "Two of our documents are linked to one of the ERP's.",
        f"{LINKING}::test_two_documents_cannot_be_linked_to_one_number",
        [never(linking.link, "$CONFLICT is not None")],
        only="sqlite",
    ),
    Mutant(
        "linked to another one's document",
        "–",
        "A number is accepted although the ERP's document carries the key of another document of ours.",
        f"{LINKING}::test_a_document_of_the_erp_that_carries_another_key_is_not_taken",
        [never(linking._document_to_link, "$KEY not in $OURS")],
        only="sqlite",
    ),
    Mutant(
        "a linked document counts as vanished",
        "–",
        "The daily reconciliation asks for a linked document by our key only, which the ERP's does not"
        " carry: it is sent again.",
        f"{LINKING}::test_a_linked_document_is_there_for_whoever_reconciles",
        [never(erp_lookup.look_up, "not $FOUND and $LINKED and $NUMBER")],
        only="sqlite",
    ),
    Mutant(
        "an alert twice",
        "–",
        "An alert is not marked before it is sent: if a worker dies in between, another one sends it again.",
        "tests/unit/delivery/test_alerts.py::test_a_worker_that_dies_while_it_sends_tells_nobody_twice",
        [replace(dispatch._due_messages, '$STATE, $DUE_AT, $TRIES = "sending", $NOW, $MORE', "$TRIES = $MORE")],
        only="sqlite",
    ),
    Mutant(
        "an office action without an audit entry",
        "–",
        "What the office does is not entered into the audit trail.",
        f"{ACTIONS}::test_retrying_sends_it_again_and_says_who_did_it",
        [drop(service._finish, calls(audit.record))],
        only="sqlite",
    ),
    Mutant(
        "given up although the ERP has it",
        "–",
        "A document is cancelled or sent back without asking the ERP: the rep's copy becomes a second one"
        " there.",
        f"{ERP_CHECK}::test_what_the_erp_has_is_not_given_up",
        [never(erp_check.require_absent, "$CHECK.by_key")],
        only="sqlite",
    ),
    Mutant(
        "given up while a call may still be executed",
        "–",
        "A document is given up before the quiet period has passed.",
        f"{ERP_CHECK}::test_a_call_that_may_still_be_executed_is_waited_for",
        [drop(erp_check.require_absent, calls(erp_check.require_settled))],
        only="sqlite",
    ),
    Mutant(
        "what the ERP showed an hour ago",
        "–",
        "A reply of the ERP counts although a worker has leased the document since.",
        f"{ERP_CHECK}::test_what_the_erp_showed_before_a_worker_came_does_not_count",
        [replace(erp_check.require_current, "$CHECK is None or $FENCE != $NEWER", "$CHECK is None")],
        only="sqlite",
    ),
    Mutant(
        "withdrawn although it is being sent",
        "–",
        "A withdrawal takes back what the ERP has or may have: the rep believes that it is gone, and it is"
        " delivered.",
        "tests/unit/sync/test_amendments.py::test_once_it_may_be_in_the_erp_it_is_too_late",
        [
            always(amendments.withdrawal_target, "$STATE in $REPLACEABLE and not $IN_ERP"),
            replace(submission.may_move, "$NEW in $MOVES", "$NEW == State.WITHDRAWN or $NEW in $MOVES"),
        ],
        only="sqlite and sending",
    ),
    Mutant(
        "a withdrawal that came first is forgotten",
        "–",
        "A document that arrives after its withdrawal is sent.",
        "tests/unit/sync/test_amendments.py::test_a_withdrawal_that_comes_before_its_document",
        [
            replace(
                amendments.late_arrival_state, "return $STATE, $REASON, None", 'return State.QUEUED, "", None'
            )
        ],
        only="sqlite",
    ),
    Mutant(
        "two people at one document",
        "–",
        "A reservation by one office user does not stop another one.",
        f"{SERVICE}::test_a_reservation_keeps_others_out_until_it_ends",
        [never(service._require_available, "$HOLDER not in $NOBODY and not $FORCE")],
        only="sqlite",
    ),
]
