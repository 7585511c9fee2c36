"""What the check of an order's prices reads: the rep's limit, the prices, and which list is the customer's."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sync_protocol.json_types import BodyLine, Record
from sync_protocol.pricing import Price, is_valid, list_price


def _none(*keys: str) -> Sequence[Record]:
    return ()


@dataclass(frozen=True)
class PriceData:
    """The records that the check reads, from a replica or from the feed."""

    limit: Record
    """The rep's record of `price_limits`."""
    prices: Callable[[str, str], Sequence[Record]]
    """(price list, product) → the current prices."""
    only_list: Callable[[], str | None]
    """→ the key of the price list if the company has only one."""
    former_prices: Callable[[str, str], Sequence[Record]] = _none
    """(price list, product) → prices that a phone may still have. Only a server knows them."""
    former_customers: Callable[[str], Sequence[Record]] = _none
    """customer → former versions of the record, with `price_list_id`. Only a server knows them."""
    shows_amounts: bool = True
    """Whether a message may tell amounts: a rep whose role has no prices must not learn them."""

    def price_lists(self, customer_id: str, customer: Record) -> set[str]:
        """Return the lists whose prices hold for a customer: its own or the only one, and its former ones."""
        own = customer.get("price_list_id") or self.only_list()
        former = {record.get("price_list_id") for record in self.former_customers(customer_id)}
        return {key for key in (own, *former) if key}

    def lists(self, price_list: str, product_id: str, days: Sequence[str]) -> bool:
        """Say whether the list has a price of the product on one of *days*: in any currency, unit and quantity.

        Whoever may name a price where there is none must not choose a currency or a unit so that there is none.
        """
        rows = self.prices(price_list, product_id)
        return any(is_valid(row, day) for row in rows for day in days)

    def list_prices(
        self, price_list: str, product: Record, line: BodyLine, days: Sequence[str], currency: str
    ) -> list[Price]:
        """Return the list prices with which a line may be compared, the current one first, without doubles.

        Each is for one unit of the line, and for its quantity, on one of *days*.
        """
        key = line["product_id"]
        tables: list[Iterable[Record]] = [self.prices(price_list, key)]
        tables += [[former] for former in self.former_prices(price_list, key)]
        candidates = [
            list_price(table, product, line["unit"], line["quantity"], day) for table in tables for day in days
        ]
        return list(dict.fromkeys(price for price in candidates if price and price.currency == currency))


def max_discount(limit: Record, customer_group: str | None, product_group: str | None) -> str:
    """Return the greatest discount in percent for a customer and a product of these groups.

    Of several exceptions for the same groups the greatest counts.
    """
    groups = {"customer_group": customer_group, "product_group": product_group}
    fitting = [
        exception
        for exception in limit["exceptions"]
        if all(exception[name] in (None, group) for name, group in groups.items())
    ]
    best = max(
        fitting,
        key=lambda exception: (
            exception["product_group"] is not None,
            exception["customer_group"] is not None,
            Decimal(exception["max_discount_percent"]),
        ),
        default=limit,
    )
    return str(best["max_discount_percent"])
