"""Mutants of amounts, totals, rules, dates and the device's clock."""

from backend.connectors.tryton import workflow
from backend.delivery import forecasts
from backend.delivery.erp_response import from_outcome
from backend.delivery.transfer import Transfer
from backend.erp import totals
from backend.erp.records import Document
from backend.sync.rules import Rules
from sync_protocol import amounts, condition
from sync_protocol.device.store.clock import DeviceClock
from tests.mutants.edits import body, drop, replace
from tests.mutants.mutant import Mutant
from tests.mutants.tree import calls

CASE = "tests/contract/rules/test_cases.py::test_a_document_has_exactly_these_faults_and_warnings"
TOTALS = "tests/unit/delivery/test_totals.py"

MONEY = [
    Mutant(
        "an amount finer than its currency",
        "–",
        "Amounts are not held to the decimals of their currency: 1200.55 JPY is accepted.",
        CASE,
        [body(amounts.amount_faults, "return []")],
        only="yen",
    ),
    Mutant(
        "an old amount is sent",
        "–",
        "A claim that an earlier version accepted is created in an ERP that rounds it.",
        f"{TOTALS}::test_a_claim_from_an_earlier_version_with_too_many_decimals_is_not_sent",
        [drop(Transfer._create, "_require_amounts($DOCUMENT)")],
        only="sqlite",
    ),
    Mutant(
        "another total is accepted silently",
        "–",
        "The ERP's total is not compared with the one that the rep was shown.",
        f"{TOTALS}::test_a_document_whose_total_differs_in_the_erp_says_so_to_the_rep_and_the_office",
        [replace(from_outcome, calls(totals.total_note), "None")],
        only="claim",
    ),
    Mutant(
        "a cent is no difference",
        "–",
        "Totals are compared with a tolerance for rounding, so that a cent more is never told.",
        f"{TOTALS}::test_a_document_whose_total_differs_in_the_erp_says_so_to_the_rep_and_the_office",
        [replace(totals.total_note, "shown == total", "declared.total.equals(body, total)")],
        only="order",
    ),
    Mutant(
        "a rounded claim is posted",
        "–",
        "An expense claim is posted in Tryton although its total there is another one.",
        "tests/unit/connectors/tryton/test_workflow.py::test_a_claim_with_another_total_is_not_posted_and_says_both",
        [replace(workflow.advance, "_other_total($WORKFLOW, $DOCUMENT, $ROW) or $REST", "$REST")],
    ),
    Mutant(
        "a warning about a stranger",
        "–",
        "The server's warnings tell a rep about a customer that moved to another rep.",
        "tests/unit/sync/test_push_rules.py::test_a_warning_tells_nothing_of_a_customer_that_the_rep_no_longer_has",
        [
            replace(
                Rules.first_state,
                "warnings($S, self.readable_contexts)",
                "warnings($S, self.citable_contexts)",
            )
        ],
        only="sqlite",
    ),
    Mutant(
        "a third of a box",
        "–",
        "The sum of a forecast is sent with decimals that its unit does not allow.",
        f"{TOTALS}::test_the_sum_of_a_forecast_ends_in_what_its_unit_allows",
        [replace(forecasts.rounded_to_unit, "unit is None", "True")],
    ),
    Mutant(
        "the date of UTC",
        "–",
        "A document is booked on the date in UTC: one of 00:30 on 1 January lands in the old year.",
        "tests/unit/erp/test_records.py::test_a_document_has_the_date_of_its_own_zone",
        [replace(Document.captured_on, "self.zone", '"UTC"')],
    ),
    Mutant(
        "a list expires a day early",
        "–",
        "A price list counts as expired on its last day.",
        CASE,
        [replace(condition._before, "begin < end", "begin <= end")],
        only="last_day or last",
    ),
    Mutant(
        "the server does not warn",
        "–",
        "The server accepts an order for a blocked customer without a word.",
        "tests/unit/sync/test_push_rules.py::test_a_warning_is_in_the_result_in_its_repetition_and_in_the_offices_view",
        [replace(Rules.first_state, "warnings($SUBMISSION, $READABLE)", "[]")],
        only="sqlite",
    ),
    Mutant(
        "the device believes its clock",
        "–",
        "A phone whose clock says 2031 dates its documents 2031.",
        "tests/unit/device/store/test_clock.py::test_a_phone_with_a_wrong_clock_takes_its_day_from_the_servers_last_answer",
        [body(DeviceClock.now, "return self._wall()")],
    ),
    Mutant(
        "a restart loses the true time",
        "–",
        "The seconds since the start of the device count although it was started again.",
        "tests/unit/device/store/test_clock.py::test_after_a_restart_a_wrong_clock_is_still_corrected",
        [replace(DeviceClock._true_time, 'uptime.boot == row["boot"]', "True")],
    ),
]
