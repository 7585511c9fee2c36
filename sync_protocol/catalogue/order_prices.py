"""The prices of an order against what its rep may grant. An order beyond that waits for the office.

The list that the order names is not trusted: it must be the customer's, now or when the order was captured.
"""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

from sync_protocol.check_rule import CheckRule
from sync_protocol.collection import CheckContext
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.json_types import Body, BodyLine
from sync_protocol.price_check import PriceData, max_discount
from sync_protocol.pricing import Price, discounted_price, less
from sync_protocol.sentence import sentence

OLDEST_ORDER_DATE = dt.timedelta(days=90)
"""How old the order date may be at capture for the prices of that date to hold."""

OWN_LIST = CheckRule(
    "own_list",
    ErrorCode.PRICE_NOT_LISTED,
    "price_list_id",
    "The price list is that of the customer.",
    ("price", "own_list"),
    ("list_not_of_customer",),
)
LISTED = CheckRule(
    "listed",
    ErrorCode.PRICE_NOT_LISTED,
    "lines.unit_price",
    "The list has a price in the order's currency; or it has none of the product, in any currency, unit and"
    " quantity, and the rep may name one (`without_list_price`).",
    ("price", "listed"),
    ("no_list_price",),
)
AT_LEAST = CheckRule(
    "at_least",
    ErrorCode.PRICE_BELOW_LIMIT,
    "lines.unit_price",
    "The price after the discount is at least the list price less `max_discount_percent`, and at least"
    " `min_amount`; it is 0 only if the list price is, or `free_of_charge` is set.",
    ("price", "at_least"),
    ("may_not_give_away", "below_limit", "below_lowest"),
)
AT_MOST = CheckRule(
    "at_most",
    ErrorCode.PRICE_ABOVE_LIST,
    "lines.unit_price",
    "The price after the discount is at most the list price, unless `above_list` is set.",
    ("price", "at_most"),
    ("above_list", "above_list_price"),
)
PRICE_RULES = (OWN_LIST, LISTED, AT_LEAST, AT_MOST)


def price_faults(body: Body, context: CheckContext) -> Iterator[Fault]:
    """Yield a fault for each price that the rep may not grant; none if no limit is set for the rep."""
    data = context.price_data
    if data is None:
        return
    customer = context.lookup("customers", body["customer_id"]) or {}
    own_lists = data.price_lists(body["customer_id"], customer)
    price_list = body.get("price_list_id")
    if own_lists and price_list not in own_lists:
        yield OWN_LIST.fault(sentence("list_not_of_customer"))
        return
    days = _days(body, context)
    for n, line in enumerate(body["lines"]):
        product = context.lookup("products", line["product_id"]) or {}
        prices, is_listed = [], False
        if price_list and own_lists:
            prices = data.list_prices(price_list, product, line, days, body["currency"])
            is_listed = data.lists(price_list, line["product_id"], days)
        discount = max_discount(data.limit, customer.get("group"), product.get("group"))
        may_name = data.limit["without_list_price"] and not is_listed
        fault = _line_fault(line, prices, discount, data, body["currency"], n, may_name=may_name)
        if fault is not None:
            yield fault


def _days(body: Body, context: CheckContext) -> list[str]:
    """Return the days whose prices hold: today, the day of the capture, and the order date if it is recent."""
    captured = context.captured or context.today
    days = [context.today.isoformat(), captured.isoformat()]
    ordered = body["order_date"]
    if ordered >= (captured - OLDEST_ORDER_DATE).isoformat():
        days.append(ordered)
    return list(dict.fromkeys(days))


def _line_fault(
    line: BodyLine,
    prices: list[Price],
    discount: str,
    data: PriceData,
    currency: str,
    n: int,
    *,
    may_name: bool,
) -> Fault | None:
    """Return the fault of *line*, number *n*; with *may_name* the rep may name a price that no list has."""
    net = discounted_price(line)
    if net == 0:
        if data.limit["free_of_charge"] or any(Decimal(price.amount) == 0 for price in prices):
            return None
        return AT_LEAST.fault(sentence("may_not_give_away"), n)
    if not prices:
        if may_name:
            return None
        return LISTED.fault(sentence("no_list_price", currency=currency), n)
    faults = [_compared(net, price, discount, data, n) for price in prices]
    return None if None in faults else faults[0]


def _compared(net: Decimal, price: Price, discount: str, data: PriceData, n: int) -> Fault | None:
    lowest = lowest_price(price, discount)
    if net < lowest:
        if not data.shows_amounts:
            return AT_LEAST.fault(sentence("below_limit"), n)
        why = sentence("list_price_and_discount", amount=price.amount, discount=discount)
        if lowest > less(price.amount, discount):
            why = sentence("minimum_price", amount=price.min_amount)
        values = {"price": _text(net), "lowest": _text(lowest), "currency": price.currency}
        return AT_LEAST.fault(sentence("below_lowest", why=why, **values), n)
    if net > less(price.amount, "0") and not data.limit["above_list"]:
        if not data.shows_amounts:
            return AT_MOST.fault(sentence("above_list"), n)
        return AT_MOST.fault(sentence("above_list_price", amount=price.amount, currency=price.currency), n)
    return None


def lowest_price(price: Price, discount: str) -> Decimal:
    """Return the lowest price that may be granted: *discount* percent below the list, not below its minimum.

    A minimum above the list price does not forbid the list price.
    """
    lowest = less(price.amount, discount)
    if price.min_amount is None:
        return lowest
    return max(lowest, min(less(price.min_amount, "0"), less(price.amount, "0")))


def _text(amount: Decimal) -> str:
    """Write *amount* with two to four decimals."""
    units, _, decimals = f"{amount:f}".partition(".")
    return f"{units}.{decimals.rstrip('0').ljust(2, '0')}"
