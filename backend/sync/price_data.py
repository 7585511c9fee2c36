"""What the check of an order's prices reads on the server, from what the push has read of the feed."""

from collections.abc import Iterable

from backend.feed.live import Cited, Ref
from backend.feed.reading import CitedPrices
from backend.sync.validation import ParsedSubmission
from sync_protocol.catalogue.customers import CUSTOMERS
from sync_protocol.catalogue.price_limits import PRICE_LIMITS
from sync_protocol.catalogue.prices import PRICES
from sync_protocol.collection import lookup_key
from sync_protocol.price_check import PriceData


def prices_of(submissions: Iterable[ParsedSubmission]) -> CitedPrices | None:
    """Return which prices to read for *submissions*; None if no kind among them has prices."""
    priced = [item for item in submissions if item.kind and item.kind.approval_rules and not item.form_faults]
    if not priced:
        return None
    lookups = {lookup for item in priced for lookup in item.price_lookups}
    return CitedPrices(
        lookups=frozenset(_ref(*lookup) for lookup in lookups),
        customers=frozenset((CUSTOMERS.name, item.body["customer_id"]) for item in priced),
    )


def limit_of(rep: str) -> Ref:
    """Return the record with what *rep* may grant, by (collection, key)."""
    return PRICE_LIMITS.name, rep


def price_data(read: Cited, rep: str, *, shows_amounts: bool) -> PriceData | None:
    """Return the data of the check from *read*; None if nothing limits *rep*."""
    limit = read.live.get(limit_of(rep))
    if limit is None:
        return None
    return PriceData(
        limit.record,
        prices=lambda price_list, product: read.prices.get(_ref(price_list, product), []),
        only_list=lambda: read.only_list,
        former_prices=lambda price_list, product: read.former.get(_ref(price_list, product), []),
        former_customers=lambda customer: read.former.get((CUSTOMERS.name, customer), []),
        shows_amounts=shows_amounts,
    )


def _ref(price_list: str, product: str) -> Ref:
    return PRICES.name, lookup_key([price_list, product])
