"""Small things that many calls need: the company's currency, units, warehouses, category trees."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from backend.connectors.tryton.client import Client, Domain, Row
from backend.connectors.tryton.options import Options
from backend.connectors.tryton.sources import ANY, by_id
from backend.erp.errors import ErpError, ErrorClass


class Place(NamedTuple):
    """A category below a named one."""

    name: str
    branch: str
    """The name of the named one's own child that it is, or lies below."""


class Lookups:
    """Asked anew each time, as they may change, but for the company's currency and customer location."""

    def __init__(self, client: Client, options: Options) -> None:
        self.client = client
        self.options = options
        self._currency: Row | None = None

    @property
    def company(self) -> int:
        """The id of the company that Satchel works for."""
        return int(self.client.context["company"])

    def currency(self) -> Row:
        """Return id, code and digits of the company's currency."""
        if self._currency is None:
            fields = ["currency.code", "currency.digits"]
            self._currency = self.client.read("company.company", [self.company], fields)[0]["currency."]
        return self._currency

    def today(self) -> dt.date:
        """Return the date in Tryton."""
        today = self.client.call("model.ir.date.today")
        if not isinstance(today, dt.date):
            raise TypeError(f"today is {today!r}")
        return today

    def factors(self) -> dict[int, Decimal]:
        """Return, by unit id, how many of its category's base unit it is."""
        rows = self.client.search_read("product.uom", [ANY], ["factor"])
        return {row["id"]: Decimal(row["factor"]) for row in rows}

    def digits(self) -> dict[int, int]:
        """Return, by unit id, how many decimals its quantities may have."""
        return {row["id"]: row["digits"] for row in self.client.search_read("product.uom", [ANY], ["digits"])}

    def warehouses(self) -> list[Row]:
        """Return the active warehouses: name and code."""
        return self.client.search_read("stock.location", [["type", "=", "warehouse"]], ["name", "code"])

    def below(self, model: str, root: str) -> dict[int, Place]:
        """Return the categories of *model* below the one named *root*, by id."""
        rows = by_id(self.client.search_read(model, _all(model), ["name", "parent"]))
        found: dict[int, Place] = {}
        for start in rows.values():
            row, seen = start, set()
            while row["parent"] in rows and row["id"] not in seen:
                seen.add(row["id"])
                parent = rows[row["parent"]]
                if _is(parent["name"], root) and root:
                    found[start["id"]] = Place(start["name"], row["name"])
                    break
                row = parent
        return found

    def named(self, model: str, name: str) -> set[int]:
        """Return the categories of *model* with that name, which may be empty for none."""
        if not name:
            return set()
        rows = self.client.search_read(model, [*_all(model), ["name", "ilike", _literal(name)]], ["name"])
        return {row["id"] for row in rows if _is(row["name"], name)}

    def territories(self) -> dict[int, Place]:
        """Return the territories by id; without any, nobody would be a customer, so that is an error."""
        found = self.below("party.category", self.options.territory_category)
        if not found:
            raise ErpError(
                ErrorClass.CONFIG,
                f"Tryton has no party category “{self.options.territory_category}” with categories below it, "
                "so no customer has a territory. Make them, or set the option territory_category.",
            )
        return found

    def ancestors(self, model: str) -> dict[int, set[int]]:
        """Return, by category id, the category itself and all above it."""
        parents = {row["id"]: row["parent"] for row in self.client.search_read(model, _all(model), ["parent"])}
        found: dict[int, set[int]] = {}
        for start in parents:
            chain: set[int] = set()
            category: int | None = start
            while category is not None and category not in chain:
                chain.add(category)
                category = parents.get(category)
            found[start] = chain
        return found


def _all(model: str) -> Domain:
    """Return the domain of all records of a model of categories: those of products cannot be deactivated."""
    return [] if model == "product.category" else [ANY]


def names(rows: Iterable[Row], ids: Iterable[int]) -> list[str]:
    """Return the names of those *rows* whose id is among *ids*, in that order."""
    known = by_id(list(rows))
    return [known[n]["name"] for n in ids if n in known]


def _is(name: str | None, wanted: str) -> bool:
    return (name or "").strip().casefold() == wanted.strip().casefold()


def _literal(text: str) -> str:
    for sign in ("\\", "%", "_"):
        text = text.replace(sign, "\\" + sign)
    return text
