"""Mutants of the check of prices against what a rep may grant."""

from backend.delivery.park_reasons import class_of
from backend.feed import former
from backend.office import actions
from backend.sync import validation
from backend.sync.rules import Rules
from sync_protocol import price_check, pricing
from sync_protocol.catalogue import order_prices
from sync_protocol.device.capture import pricing as device_prices
from tests.mutants.edits import always, body, never, replace
from tests.mutants.mutant import Mutant

CASES = "tests/contract/rules/test_cases.py::test_an_order_waits_for_the_office_for_exactly_these_prices"
PUSH = "tests/unit/sync/test_price_limits.py::"
AT_CAPTURE = (
    "tests/unit/device/capture/test_warnings.py"
    "::test_a_price_below_the_limit_of_the_rep_is_said_at_capture_with_the_limit"
)

PRICES = [
    Mutant(
        "any price is granted",
        "–",
        "The server does not compare prices: 0.01 less 100 % is sent to the ERP.",
        f"{PUSH}test_a_cent_less_100_percent_waits_for_the_office",
        [body(validation.approvals, "return []")],
        only="sqlite",
    ),
    Mutant(
        "a currency without a list",
        "–",
        "A rep who may name prices that no list has names one in a currency that the list does not have.",
        f"{PUSH}test_no_currency_turns_a_listed_product_into_one_without_a_price",
        [body(price_check.PriceData.lists, "return False")],
    ),
    Mutant(
        "a discount is free",
        "–",
        "The price before the discount is compared with the limit.",
        CASES,
        [body(pricing.discounted_price, 'return less(line["unit_price"], "0")')],
        only="together",
    ),
    Mutant(
        "a discount of 100 percent",
        "–",
        "A rep with a limit of 100 % may give goods away without the permission.",
        CASES,
        [never(order_prices._line_fault, "net == 0")],
        only="100",
    ),
    Mutant(
        "the cheapest list",
        "–",
        "The price list that the order cites is trusted.",
        f"{PUSH}test_the_list_that_an_order_cites_is_not_trusted",
        [never(order_prices.price_faults, "own_lists and price_list not in own_lists")],
    ),
    Mutant(
        "a list for a customer without one",
        "–",
        "A rep may choose the list of a customer who has none.",
        f"{PUSH}test_a_customer_without_a_list_has_no_list_price_if_there_are_several",
        [replace(order_prices.price_faults, "price_list and own_lists", "price_list")],
    ),
    Mutant(
        "an order of last year",
        "–",
        "The price of any order date holds, and the phone writes that date.",
        CASES,
        [always(order_prices._days, "$ORDERED >= $EARLIEST")],
        only="order and date",
    ),
    Mutant(
        "another currency",
        "–",
        "An amount in one currency is compared with a list price in another.",
        CASES,
        [replace(price_check.PriceData.list_prices, "price and price.currency == currency", "price")],
        only="currency",
    ),
    Mutant(
        "the minimum price of the ERP",
        "–",
        "The minimum price that the ERP names is not looked at.",
        CASES,
        [body(order_prices.lowest_price, "return less(price.amount, discount)")],
        only="minimum",
    ),
    Mutant(
        "yesterday's price",
        "–",
        "A price that changed after the capture makes an honest order wait.",
        f"{PUSH}test_a_price_that_was_right_at_capture_holds_until_no_phone_can_have_it",
        [body(former.keeping, "return []")],
        only="sqlite",
    ),
    Mutant(
        "former prices forever",
        "–",
        "Former prices are never deleted, so an old price may be used for years.",
        f"{PUSH}test_former_prices_are_deleted_with_old_tombstones",
        [body(former.delete_expired, "return None")],
    ),
    Mutant(
        "a receipt queues the order",
        "–",
        "An order that waits for a receipt is sent when it arrives, whatever its prices.",
        f"{PUSH}test_an_order_that_waits_for_a_receipt_is_not_queued_by_its_arrival",
        [
            replace(
                Rules.first_state, 'State.PARKED, "office", _sentences(waits_for)', "State.QUEUED, None, None"
            )
        ],
    ),
    Mutant(
        "prices for a stranger",
        "–",
        "A rep whose role has no prices reads them in the warnings.",
        f"{PUSH}test_amounts_are_not_told_to_a_rep_whose_role_has_no_prices",
        [replace(Rules.load_references, "access.reads(EVERYONE, PRICES.name)", "True")],
    ),
    Mutant(
        "the phone does not warn",
        "–",
        "The phone says nothing about a price that the server will park.",
        AT_CAPTURE,
        [body(device_prices.price_data, "return None")],
    ),
    Mutant(
        "a retry approves",
        "–",
        "A retry, which IT may do, sends an order whose prices only the office may accept.",
        f"{PUSH}test_the_office_approves_an_order_beyond_the_limit_and_a_retry_does_not",
        [never(actions.retry, "class_of(row) == APPROVAL")],
    ),
    Mutant(
        "an approval without a class",
        "–",
        "The office does not read that an order waits for its prices.",
        f"{PUSH}test_a_cent_less_100_percent_waits_for_the_office",
        [replace(class_of, 'warning["code"] in codes', "False")],
        only="sqlite",
    ),
]
