"""Mutants of what the office does with parked documents."""

from backend.delivery import attempts, erp_lookup, transfer
from backend.delivery.alerts import dispatch
from backend.identity import audit
from backend.inbox import cause
from backend.inbox.models import Submission
from backend.office import actions, batches, erp_check, linking, recall, service
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
AFTER_A_LOSS = "tests/unit/office/test_after_a_loss.py"
DEPENDENTS = "tests/unit/office/test_unlinked_dependents.py"

PARKED_DOCUMENTS = [
    Mutant(
        "a fenced settle after the office acted",
        "–",
        "A worker with an expired lease settles a document that the office has sent again, and that another"
        " worker has leased since.",
        f"{SERVICE}::test_a_stale_worker_cannot_overwrite_an_action_of_the_office",
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
        "a retry skips the approval",
        "–",
        "A retry sends a document about which no rule has decided, whatever its prices.",
        f"{AFTER_A_LOSS}::test_a_retry_of_what_no_rule_has_decided_about_skips_no_approval",
        [never(actions.retry, "needed")],
    ),
    Mutant(
        "a withdrawn document is approved",
        "–",
        "After a loss of data an approval sends what a phone may have withdrawn, and nobody is asked.",
        f"{AFTER_A_LOSS}::test_what_a_phone_may_have_withdrawn_before_a_loss_is_not_approved_unasked",
        [never(actions.approve, "loss and $A and $B and $C")],
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
        f"{LINKING}::test_an_erp_document_with_another_key_cannot_be_linked",
        [never(linking._document_to_link, "$KEY not in $OURS")],
        only="sqlite",
    ),
    Mutant(
        "a linked document counts as vanished",
        "–",
        "The daily reconciliation asks for a linked document by our key only, which the ERP's does not"
        " carry: it is sent again.",
        f"{LINKING}::test_reconciling_finds_a_linked_document",
        [never(erp_lookup.look_up, "not $FOUND and $LINKED and $NUMBER")],
        only="sqlite",
    ),
    Mutant(
        "an alert twice",
        "–",
        "An alert is not marked before it is sent: if a worker dies in between, another one sends it again.",
        "tests/unit/delivery/alerts/test_alerts.py::test_a_worker_that_dies_while_sending_repeats_no_alert",
        [replace(dispatch._due_messages, '$STATE, $DUE_AT, $TRIES = "sending", $NOW, $MORE', "$TRIES = $MORE")],
        only="sqlite",
    ),
    Mutant(
        "an office action without an audit entry",
        "–",
        "What the office does is not entered into the audit trail.",
        f"{ACTIONS}::test_a_retry_sends_the_document_and_records_who_did_it",
        [drop(service._record, calls(audit.record))],
        only="sqlite",
    ),
    Mutant(
        "given up although the ERP has it",
        "–",
        "A document is cancelled or sent back without asking the ERP: the rep's copy becomes a second one"
        " there.",
        f"{ERP_CHECK}::test_a_document_that_the_erp_has_cannot_be_given_up",
        [never(erp_check.require_absent, "own")],
        only="sqlite",
    ),
    Mutant(
        "one repair for two causes",
        "–",
        "Codes in the ERP's words count as no difference, so documents for two units share one correction.",
        "tests/unit/inbox/test_cause.py::test_what_must_be_repaired_makes_another_cause",
        [replace(cause._common_word, "_differs($BARE)", "True")],
    ),
    Mutant(
        "a sent document is recalled",
        "–",
        "The office parks a document again that the ERP may have.",
        "tests/unit/office/test_recall.py::test_a_queued_document_that_may_be_in_the_erp_is_not_recalled",
        [
            replace(
                recall.recall, "$ROW.state not in _WAITING or may_be_in_erp($ROW)", "$ROW.state not in _WAITING"
            )
        ],
        only="sqlite",
    ),
    Mutant(
        "a batch acts twice on a document",
        "–",
        "Two people continue one batch, and both settle the same document.",
        "tests/unit/office/test_batches.py::test_a_document_that_somebody_has_settled_meanwhile_is_left_alone",
        [never(batches.BatchService._try, "_locked(session, document).result != expected")],
    ),
    Mutant(
        "an undone batch continues",
        "–",
        "A batch continues with its documents while somebody undoes it.",
        "tests/unit/office/test_batches.py::test_a_batch_that_is_undone_meanwhile_settles_no_further_document",
        [drop(batches.BatchService._try, calls(batches._require_in_force))],
        only="sqlite",
    ),
    Mutant(
        "given up while a call may still be executed",
        "–",
        "A document is given up before the quiet period has passed.",
        f"{ERP_CHECK}::test_a_document_with_a_call_in_progress_cannot_be_given_up",
        [drop(erp_check.require_absent, calls(erp_check.require_settled))],
        only="sqlite",
    ),
    Mutant(
        "what the ERP showed an hour ago",
        "–",
        "A reply of the ERP counts although a worker has leased the document since.",
        f"{ERP_CHECK}::test_a_lookup_before_a_new_attempt_does_not_count",
        [replace(erp_check.require_current, "$CHECK is None or $FENCE != $NEWER", "$CHECK is None")],
        only="sqlite",
    ),
    Mutant(
        "created although the link was taken back",
        "–",
        "A worker looks at the dependencies of a document when it leases it, and not before it creates it.",
        f"{DEPENDENTS}::test_a_document_that_a_worker_holds_is_not_created_any_more",
        [always(transfer.Transfer._waits_for_dependency, "not $ROW.depends_on")],
        only="sqlite",
    ),
    Mutant(
        "a sent dependent is not named",
        "–",
        "The office is not told which documents were sent while the document had the wrong number.",
        f"{DEPENDENTS}::test_the_office_is_told_of_a_document_that_was_sent_meanwhile",
        [replace(linking.unlink, "sent_dependents($$$ARGUMENTS)", "[]")],
        only="sqlite",
    ),
    Mutant(
        "the ERP's own number taken without a reason",
        "–",
        "A number that the ERP has answered is taken from its document as easily as a link of the office.",
        "tests/unit/office/test_unlink.py"
        "::test_a_number_that_the_erp_itself_has_answered_is_taken_back_with_force_and_a_reason",
        [never(linking.unlink, "$DECISION != Decision.LINKED and not $FORCE")],
        only="sqlite",
    ),
    Mutant(
        "the ERP's own words to the rep",
        "–",
        "An alert to the rep has the ERP's own words, with paths and classes.",
        "tests/unit/delivery/alerts/test_erp_words.py::test_a_mail_to_the_rep_or_without_other_words_has_none",
        [replace(dispatch._words_of_erp, '$OWNER == "rep" or $RAW == $REASON', "$RAW == $REASON")],
        only="rep",
    ),
    Mutant(
        "withdrawn although it is being sent",
        "–",
        "A withdrawal takes back what the ERP has or may have: the rep believes that it is gone, and it is"
        " delivered.",
        "tests/unit/sync/test_amendments.py::test_a_document_that_may_be_in_the_erp_is_not_withdrawn",
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
        "tests/unit/sync/test_amendments.py::test_a_withdrawal_may_arrive_before_its_document",
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
