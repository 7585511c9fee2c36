"""Small lists that every rep has: units, warehouses, price lists, expense categories."""

from collections.abc import Iterable, Iterator
from typing import Any

from backend.connectors.tryton.client import Client, Domain
from backend.connectors.tryton.lookups import Lookups
from backend.connectors.tryton.mapping import expense_categories, price_lists, units, warehouses
from backend.connectors.tryton.mapping.price_lists import list_key
from backend.connectors.tryton.mapping.text import word
from backend.connectors.tryton.rows import Item
from backend.connectors.tryton.sources import ANY, Source, Trigger, by_id, same


class Plain(Source):
    """A collection with one record per record of a model."""

    fields: tuple[str, ...]

    def __init__(self, lookups: Lookups) -> None:
        self.lookups = lookups

    def items(self, client: Client, roots: list[int]) -> Iterator[Item]:
        domain = [*self.domain(client), ["id", "in", roots]]
        rows = by_id(client.search_read(self.model, domain, self.fields))
        for root in roots:
            yield Item(str(root), rows.get(root))


class Units(Plain):
    """Deactivated units too, because products may still use them."""

    collection, model, fields = "units", "product.uom", units.FIELDS
    triggers = (Trigger("product.uom", same()),)

    def domain(self, client: Client) -> Domain:
        return [ANY]


class Warehouses(Plain):
    """Active warehouses: nothing can be ordered from a closed one."""

    collection, model, fields = "warehouses", "stock.location", warehouses.FIELDS
    triggers = (Trigger("stock.location", same(), domain=[["type", "=", "warehouse"]]),)

    def domain(self, client: Client) -> Domain:
        return [["type", "=", "warehouse"]]


class PriceLists(Plain):
    """The company's price lists, and under the id 0 the list price, for customers without a list."""

    collection, model, fields = "price_lists", "product.price_list", price_lists.FIELDS
    triggers = (Trigger("product.price_list", same()),)

    def domain(self, client: Client) -> Domain:
        return [["company", "=", self.lookups.company]]

    def ids(self, client: Client, after: int, limit: int) -> list[int]:
        if after >= 0:
            return super().ids(client, after, limit)
        return [0, *super().ids(client, 0, limit - 1)] if limit > 1 else [0]

    def count(self, client: Client) -> int:
        return 1 + client.count(self.model, self.domain(client))

    def items(self, client: Client, roots: list[int]) -> Iterator[Item]:
        currency = self.lookups.currency()["code"]
        for item in super().items(client, roots):
            row: dict[str, Any] | None = {"id": 0} if item.key == "0" else item.raw
            yield Item(list_key(int(item.key)), row and {**row, "currency": currency})

    def keys(self, client: Client, roots: list[int]) -> Iterable[str]:
        return [list_key(root) for root in roots]

    def roots_of(self, client: Client, keys: Iterable[str]) -> list[int]:
        return super().roots_of(client, ["0" if key == list_key(0) else key for key in keys])


class ExpenseCategories(Plain):
    """Accounts of an expense type, under their codes; those of the option expense_accounts, if it is set."""

    collection, model = "expense_categories", "account.account"
    fields = expense_categories.FIELDS
    triggers = (Trigger("account.account", same()),)

    def domain(self, client: Client) -> Domain:
        selected = self.lookups.options.expense_accounts
        domain: Domain = [
            ["type.expense", "=", True], ["code", "!=", None], ["closed", "!=", True],
            ["company", "=", self.lookups.company],
        ]  # fmt: skip
        if selected:
            domain.append(["OR", *[["code", "like", code.replace("_", r"\_") + "%"] for code in selected]])
        return domain

    def items(self, client: Client, roots: list[int]) -> Iterator[Item]:
        currency = self.lookups.currency()["code"]
        policy = self.lookups.options.expense_policy
        rows = by_id(client.search_read(self.model, [ANY, ["id", "in", roots]], self.fields))
        selected = {item.key for item in super().items(client, roots) if item.raw is not None}
        for root in roots:
            row = rows.get(root)
            if row is None or not row["code"]:
                continue
            belongs = str(root) in selected
            raw = {"account": row, "currency": currency, "policy": policy} if belongs else None
            yield Item(word(row["code"]), raw)

    def keys(self, client: Client, roots: list[int]) -> Iterable[str]:
        rows = client.search_read(self.model, [ANY, ["id", "in", roots]], ["code"])
        return [word(row["code"]) for row in rows if row["code"]]

    def roots_of(self, client: Client, keys: Iterable[str]) -> list[int]:
        selected = set(keys)
        rows = client.search_read(self.model, [ANY, ["code", "!=", None]], ["code"])
        return [row["id"] for row in rows if selected & {word(row["code"]), str(row["id"])}]
