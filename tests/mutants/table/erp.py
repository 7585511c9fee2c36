"""Mutants of what is read from the ERP, and of what it has lost."""

from backend.connectors.tryton import rows
from backend.delivery import customer_merges
from backend.delivery.queue import acquire
from backend.delivery.reconciliation import data_loss
from backend.delivery.transfer import Transfer
from backend.inbox.models import Submission
from backend.ingest import full_comparison, reread, watermarks
from backend.ingest.full_comparison import Comparison
from backend.ingest.importer import import_collection
from tests.mutants.edits import drop, never, replace
from tests.mutants.mutant import Mutant
from tests.mutants.tree import calls, holding

LOST = "tests/unit/delivery/reconciliation/test_data_loss.py"

READING = [
    Mutant(
        "a retry overwrites what was read meanwhile",
        "–",
        "A quarantined row is written although a newer version was published since it was asked for.",
        "tests/unit/ingest/test_quarantine.py::test_a_retry_does_not_overwrite_a_newer_reading",
        [never(reread.reread, holding(calls(watermarks.advance)))],
        only="sqlite",
    ),
    Mutant(
        "what changed just now is called missed",
        "–",
        "A comparison counts what differs without first reading what changed.",
        "tests/unit/ingest/test_compare.py::test_a_recent_change_is_read_and_not_counted",
        [
            replace(
                full_comparison._repair,
                calls(import_collection),
                f"{Comparison.__name__}(collection, complete=True)",
            )
        ],
        only="sqlite",
    ),
    Mutant(
        "two broken neighbours stop a collection",
        "–",
        "Half a page whose rows cannot be served counts as a call that cannot be served.",
        "tests/unit/connectors/tryton/test_halving.py::test_two_broken_neighbours_do_not_stop_the_page",
        [replace(rows.translate, "$REFUSED and not $SERVED and $BLAMES", "$REFUSED and $BLAMES")],
    ),
    Mutant(
        "a page of broken rows only stops a collection",
        "–",
        "A page whose rows cannot be served counts as a wrong setting, although other rows can be read.",
        "tests/unit/connectors/tryton/test_halving.py"
        "::test_a_page_of_broken_rows_only_is_set_aside_while_another_row_can_be_read",
        [replace(rows.translate, "($BESIDE or $MANY) and not $SERVED", "$MANY")],
    ),
    Mutant(
        "sent for a customer who was merged away",
        "–",
        "A document is sent as it was captured, although the ERP has merged its customer since.",
        "tests/unit/delivery/test_customer_merges.py::test_a_document_is_sent_for_the_remaining_customer_of_a_merge",
        [drop(Transfer._document, "$DOCUMENT = replace($DOCUMENT, body=$BODY)")],
        only="sqlite",
    ),
    Mutant(
        "merged customers side by side",
        "–",
        "Orders for a merged customer keep an order key of their own, and are sent beside those for the"
        " remaining customer.",
        "tests/unit/delivery/queue/test_merged_order_keys.py"
        "::test_an_order_that_missed_the_merge_is_put_right_when_it_is_leased",
        [drop(acquire._is_next, f"$ROW.{Submission.order_key.key} = $TARGET")],
        only="sqlite",
    ),
    Mutant(
        "a rep reads of a merged customer",
        "–",
        "A document sent for another customer names that customer, even to a rep who is not granted it.",
        "tests/unit/delivery/test_customer_merges.py::test_a_rep_learns_nothing_of_a_customer_that_the_rep_has_no_access_to",
        [
            replace(
                customer_merges.redirect_merged_customer,
                "$REDIRECT($$$FIELDS, visible_to_rep=$VISIBLE)",
                "$REDIRECT($$$FIELDS, visible_to_rep=True)",
            )
        ],
        only="sqlite",
    ),
    Mutant(
        "a restored ERP taken for deletions",
        "–",
        "However many documents vanish, each is given to the office, and sending continues.",
        f"{LOST}::test_a_restored_erp_is_detected_and_sending_is_held",
        [never(data_loss.loss_start, "$END >= 2 * $N - $PLACE - 1")],
        only="sqlite",
    ),
    Mutant(
        "sent again under its old number",
        "–",
        "A document that a restored ERP has lost keeps the ERP's id and binding, which another document"
        " gets there.",
        f"{LOST}::test_lost_documents_are_sent_again_exactly_once",
        [replace(data_loss._resend, "$REPLACE($TRANSITION, clear_erp_id=$LOST)", "$TRANSITION")],
        only="sqlite",
    ),
]
