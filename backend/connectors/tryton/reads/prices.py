"""Prices: Tryton computes them with formulas, so they are requested and not derived."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from backend.connectors.tryton.client import Client
from backend.connectors.tryton.mapping.prices import least_quantities, price_key
from backend.connectors.tryton.reads.products import CHANGED, PRODUCT, ProductSource
from backend.connectors.tryton.row import Row
from backend.connectors.tryton.rows import Item
from backend.connectors.tryton.sources import ANY, Trigger, by_id

FIELDS = (
    "active", "default_uom", "sale_uom", "categories_all", "template.account_category.customer_taxes_used",
)  # fmt: skip


class PriceRequest(NamedTuple):
    """One price to request."""

    list: int
    product: int
    unit: int
    least: Decimal
    quantity: Decimal
    """The quantity to request: the minimum quantity, or the smallest possible one if that is 0."""
    taxes: tuple[int, ...]

    @property
    def key(self) -> str:
        """The key of its record."""
        return price_key(self.list, self.product, self.unit, self.least)


class Prices(ProductSource):
    """Prices of every active product: per unit of sale, list and quantity at which the price changes."""

    collection = "prices"
    snapshot = True
    records_per_root = 8
    triggers = (
        *CHANGED,
        Trigger("product.price_list", lambda client, rows: (), everything=True),
        Trigger("product.price_list.line", lambda client, rows: (), everything=True),
    )

    def items(self, client: Client, roots: list[int]) -> Iterator[Item]:
        requested, not_requested = self._requested(client, roots)
        amounts = self._amounts(client, [price for group in requested.values() for price in group])
        currency = self.lookups.currency()["code"]
        for root in roots:
            for price in requested[root]:
                amount = amounts.get(price.key)
                raw = {**price._asdict(), "amount": amount, "currency": currency}
                # No line of the list matches: the product has no price in it.
                yield Item(price.key, None if amount is None else raw)
            for key in not_requested.get(root, ()):
                yield Item(key, None)

    def keys(self, client: Client, roots: list[int]) -> Iterable[str]:
        requested, _ = self._requested(client, roots)
        return [price.key for group in requested.values() for price in group]

    def roots_of(self, client: Client, keys: Iterable[str]) -> list[int]:
        # list-product-unit-quantity, or the product alone if Tryton could not serve it.
        return super().roots_of(client, [key.split("-")[1] if "-" in key else key for key in keys])

    def _requested(
        self, client: Client, roots: list[int]
    ) -> tuple[dict[int, list[PriceRequest]], dict[int, list[str]]]:
        """Return the prices to request, by product, and the keys of prices of products no longer sold."""
        domain = [ANY, ["id", "in", roots]]
        products = by_id(client.search_read(PRODUCT, domain, (*FIELDS, "template.salable")))
        lists = _lists(client, self.lookups.company)
        lines = _lines(client)
        ancestors = self.lookups.ancestors("product.category")
        units = self.lookups.units()
        requested: dict[int, list[PriceRequest]] = defaultdict(list)
        not_requested: dict[int, list[str]] = defaultdict(list)
        for root, product in products.items():
            base, sales_unit = product["default_uom"], product["sale_uom"] or product["default_uom"]
            inside = set().union(*(ancestors.get(n, {n}) for n in product["categories_all"] or ()))
            for price_list in lists:
                breaks = _breaks(lines[price_list["id"]], root, inside)
                counted_in = sales_unit if price_list.get("unit") == "product_sale" else base
                taxes = _taxes(product) if price_list.get("tax_included") else ()
                for unit in dict.fromkeys((sales_unit, base)):
                    factor, digits = units[unit].factor / units[counted_in].factor, units[unit].digits
                    for least in least_quantities(breaks, factor, digits):
                        quantity = least or Decimal(1).scaleb(-digits)
                        price = PriceRequest(price_list["id"], root, unit, least, quantity, taxes)
                        if product["active"] and product["template."]["salable"]:
                            requested[root].append(price)
                        else:
                            not_requested[root].append(price.key)
        return requested, not_requested

    def _amounts(self, client: Client, requested: list[PriceRequest]) -> dict[str, Decimal | None]:
        """Request all prices with the same list, unit, quantity and taxes in one call."""
        together: dict[tuple[Any, ...], list[PriceRequest]] = defaultdict(list)
        for price in requested:
            together[price.list, price.unit, price.quantity, price.taxes].append(price)
        amounts: dict[str, Decimal | None] = {}
        for (price_list, unit, quantity, taxes), group in together.items():
            context: Row = {"uom": unit, "quantity": float(quantity)}
            if price_list:
                context["price_list"] = price_list
            if taxes:
                context["taxes"] = list(taxes)
            ids = [price.product for price in group]
            rows = by_id(client.read(PRODUCT, ids, ["sale_price_uom"], context=context))
            amounts |= {price.key: rows[price.product]["sale_price_uom"] for price in group}
        return amounts


def _lists(client: Client, company: int) -> list[Row]:
    """Return the price lists, the list price first."""
    fields = client.call("model.product.price_list.fields_get", ["unit", "tax_included"])
    lists = client.search_read("product.price_list", [["company", "=", company]], list(fields))
    return [{"id": 0}, *lists]


def _lines(client: Client) -> dict[int, list[Row]]:
    lines: dict[int, list[Row]] = defaultdict(list)
    fields = ["price_list", "product", "category", "quantity"]
    for row in client.search_read("product.price_list.line", [["quantity", "!=", None]], fields):
        lines[row["price_list"]].append(row)
    return lines


def _breaks(lines: list[Row], product: int, categories: set[int]) -> set[Decimal]:
    """Return the quantities at which a list can change the price of a product."""
    return {
        Decimal(line["quantity"])
        for line in lines
        if line["product"] in (None, product) and (line["category"] is None or line["category"] in categories)
    }


def _taxes(product: Row) -> tuple[int, ...]:
    category = (product.get("template.") or {}).get("account_category.") or {}
    return tuple(sorted(category.get("customer_taxes_used") or ()))
