"""Mutants of returning documents: after a restore a rule decides before the ERP was asked."""

from backend.delivery.erp_lookup import ask_erp
from backend.delivery.reconciliation import returned, waiting
from backend.delivery.reconciliation.found import supersede_originals
from backend.delivery.reconciliation.returned import ReturnedDocuments
from backend.inbox import restored
from backend.inbox.restored import DataLoss
from backend.office import erp_check
from backend.sync import returning
from tests.mutants.edits import body, replace
from tests.mutants.mutant import Mutant

TESTS = "tests/stateful/documents/test_restores.py"
ANSWERS = "tests/stateful/documents/test_answers.py"
PHONES = "tests/stateful/documents/test_awaited_phones.py"
PARKED = "tests/stateful/documents/test_parked_restores.py"
ONE = "sqlite and not_enforced"

RESTORES = [
    Mutant(
        "decided before the ERP is asked",
        "returning",
        "The rules decide about a returning document when it arrives: its copy replaces what the ERP has.",
        f"{TESTS}::test_a_copy_that_was_too_late_does_not_replace_an_order_that_the_erp_has",
        [body(returning.checked, "return set()")],
        only=f"{ONE} and False",
    ),
    Mutant(
        "the backup knows what is queued",
        "returning",
        "A document that was queued in the backup counts as unsent after the restore, and is withdrawn.",
        f"{TESTS}::test_a_withdrawal_waits_until_the_erp_was_asked",
        [replace(restored._notice, "Submission.kind.in_($KINDS)", "Submission.kind.in_([])")],
        only=f"{ONE} and True",
    ),
    Mutant(
        "a parked document was never sent",
        "returning",
        "A document that is parked in the backup is replaced, although the office has sent it since.",
        f"{TESTS}::test_a_parked_order_that_was_retried_after_the_backup_is_not_replaced",
        [replace(restored._notice, "$STATE == State.PARKED.value", "$STATE == 'no state'")],
        only=ONE,
    ),
    Mutant(
        "a withdrawal does not wait",
        "returning",
        "A withdrawal is decided about although its document is checked.",
        f"{TESTS}::test_a_withdrawal_waits_until_the_erp_was_asked",
        [body(returning._waits_for, "return False")],
        only=ONE,
    ),
    Mutant(
        "a copy does not wait for its original",
        "returning",
        "Another phone delivers the copy first, and it is sent; the ERP has had the original for hours.",
        f"{TESTS}::test_a_copy_that_another_phone_delivers_first_waits_for_its_original",
        [body(returned._missing_original, "return None")],
        only=ONE,
    ),
    Mutant(
        "nobody returns late",
        "returning",
        "Documents are checked only while sending is on hold; a phone that was away for weeks is believed.",
        f"{TESTS}::test_an_order_that_comes_back_weeks_later_is_checked_too",
        [body(DataLoss.may_concern, "return not self.is_reconciled")],
        only=ONE,
    ),
    Mutant(
        "a clock in the future is believed",
        "returning",
        "A document that a phone dates years ahead counts as newer than the restore.",
        f"{TESTS}::test_an_order_of_a_phone_with_a_wrong_clock_is_checked",
        [replace(DataLoss.may_concern, "$EARLIEST < $CAPTURED <= $LATEST", "$EARLIEST < $CAPTURED")],
        only=ONE,
    ),
    Mutant(
        "absent before the quiet period",
        "returning",
        "A document counts as absent from the ERP although a call from before the restore may still run.",
        f"{TESTS}::test_a_call_from_before_the_restore_may_still_be_executed",
        [body(ReturnedDocuments._may_still_be_created, "return False")],
        only=ONE,
    ),
    Mutant(
        "no phone is waited for",
        "awaited phones",
        "What was queued in the backup is sent, although a phone has replaced or withdrawn it since.",
        f"{PHONES}::test_what_was_queued_in_the_backup_waits_for_the_phone_that_amended_it",
        [body(waiting.awaited_phones, "return []")],
        only=ONE,
    ),
    Mutant(
        "one contact is enough",
        "awaited phones",
        "A phone counts as back although its sync may have broken off before it sent its documents.",
        f"{PHONES}::test_it_is_sent_when_both_phones_have_synced_twice",
        [
            replace(
                waiting.awaited_phones, "Device.previously_seen_at.is_(None)", "Device.last_seen_at.is_(None)"
            ),
            replace(
                waiting.awaited_phones, "Device.previously_seen_at <= $LOSS", "Device.last_seen_at <= $LOSS"
            ),
        ],
        only=ONE,
    ),
    Mutant(
        "sent after a day",
        "awaited phones",
        "What a missing phone may have withdrawn is sent after a day, instead of being parked.",
        f"{PHONES}::test_after_a_day_the_office_decides",
        [body(waiting.park_unsent, "return")],
        only=ONE,
    ),
    Mutant(
        "only what waits counts",
        "awaited phones",
        "A copy that was captured after the restore is sent, although the ERP may have an earlier one.",
        f"{PHONES}::test_a_new_copy_of_what_waits_does_not_overtake_the_copy_that_the_erp_has",
        [
            replace(
                ReturnedDocuments._decide_or_wait,
                "awaited_phones($SESSION, line, $$$REST)",
                "awaited_phones($SESSION, absent, $$$REST)",
            )
        ],
        only=ONE,
    ),
    Mutant(
        "an earlier loss is forgotten",
        "returning",
        "A document that is parked since an earlier restore is not looked for after the next one.",
        f"{PARKED}::test_a_copy_without_its_original_is_decided_about_after_a_second_restore",
        [
            replace(
                restored._notice,
                "($STATE == State.PARKED.value) & Submission.erp_id.is_(None)",
                "($STATE == State.PARKED.value) & Submission.last_sent_at.is_(None)",
            )
        ],
        only=ONE,
    ),
    Mutant(
        "the parked come first",
        "returning",
        "Parked documents are due again at once, and others wait behind them for ever.",
        f"{PARKED}::test_many_parked_documents_do_not_stop_the_others",
        [replace(waiting.wait_for_original, "$NOW + PARKED_RETRY_AFTER", "row.due_at")],
        only=ONE,
    ),
    Mutant(
        "a parked original stays",
        "returning",
        "An order is parked although the ERP has its copy; the office sends it again.",
        f"{PARKED}::test_a_parked_order_whose_copy_the_erp_has_is_superseded",
        [body(supersede_originals, "return")],
        only=ONE,
    ),
    Mutant(
        "the ERP is asked for withdrawals",
        "–",
        "The office cannot cancel a parked withdrawal, because the connector knows no such kind.",
        f"{PARKED}::test_the_office_can_cancel_what_is_about_a_document_that_does_not_come_back",
        [replace(erp_check.may_have, "$KIND is None or $KIND.has_own_document", "True")],
        only=ONE,
    ),
    Mutant(
        "an archived answer is lost",
        "archived answer",
        "The ERP's answer to a file is not asked for again: what was handed over in the backup waits forever.",
        f"{ANSWERS}::test_an_acknowledgement_from_before_the_restore_settles_what_was_handed_over",
        [replace(ask_erp, "connector.answer($KIND, $ID)", "None")],
        only=ONE,
    ),
]
