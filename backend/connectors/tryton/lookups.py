"""Lookups that many calls need: the company's currency, units, warehouses, category trees."""

import datetime as dt
from collections.abc import Iterable
from typing import NamedTuple

from backend.connectors.tryton.client import Client, Domain
from backend.connectors.tryton.mapping.units import UnitFacts, factor_of
from backend.connectors.tryton.options import Options
from backend.connectors.tryton.row import Row
from backend.connectors.tryton.sources import ANY, by_id
from backend.erp.errors import ErpError, ErrorClass


class Place(NamedTuple):
    """A category below another one, which has a given name."""

    name: str
    branch: str
    """The name of the direct child of that category which it is, or to which it belongs."""


class Lookups:
    """Queries Tryton each time, because the values may change; only the company's currency is cached."""

    def __init__(self, client: Client, options: Options) -> None:
        self.client = client
        self.options = options
        self._currency: Row | None = None

    @property
    def company(self) -> int:
        """The id of Satchel's company."""
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

    def units(self) -> dict[int, UnitFacts]:
        """Return the units by id. One whose factor cannot be used is left out: its own rows are bad then."""
        rows = self.client.search_read("product.uom", [ANY], ["factor", "rate", "digits"])
        return {row["id"]: UnitFacts(factor, row["digits"]) for row in rows if (factor := factor_of(row))}

    def digits(self) -> dict[int, int]:
        """Return the number of decimals of its quantities, by unit id."""
        return {row["id"]: row["digits"] for row in self.client.search_read("product.uom", [ANY], ["digits"])}

    def warehouses(self) -> list[Row]:
        """Return the active warehouses: name and code."""
        return self.client.search_read("stock.location", [["type", "=", "warehouse"]], ["name", "code"])

    def below(self, model: str, root: str) -> dict[int, Place]:
        """Return the categories of *model* below the one named *root*, by id."""
        rows = by_id(self.client.search_read(model, _all(model), ["name", "parent"]))
        places: dict[int, Place] = {}
        for start in rows.values():
            row, visited = start, set()
            while row["parent"] in rows and row["id"] not in visited:
                visited.add(row["id"])
                parent = rows[row["parent"]]
                if _is(parent["name"], root) and root:
                    places[start["id"]] = Place(start["name"], row["name"])
                    break
                row = parent
        return places

    def named(self, model: str, name: str) -> set[int]:
        """Return the ids of the categories of *model* with *name*; an empty name gives none."""
        if not name:
            return set()
        rows = self.client.search_read(model, [*_all(model), ["name", "ilike", _literal(name)]], ["name"])
        return {row["id"] for row in rows if _is(row["name"], name)}

    def territories(self) -> dict[int, Place]:
        """Return the territories by id. Raises `ErpError` if there is none: then nobody would be a customer."""
        territories = self.below("party.category", self.options.territory_category)
        if not territories:
            raise ErpError(
                ErrorClass.CONFIG,
                f"Tryton has no party category “{self.options.territory_category}” with categories below it, "
                "so no customer has a territory. Create them, or set SATCHEL_ERP_TERRITORY_CATEGORY.",
            )
        return territories

    def ancestors(self, model: str) -> dict[int, set[int]]:
        """Return the ids of the category itself and of all categories above it, by category id."""
        parents = {row["id"]: row["parent"] for row in self.client.search_read(model, _all(model), ["parent"])}
        ancestors: dict[int, set[int]] = {}
        for start in parents:
            chain: set[int] = set()
            category: int | None = start
            while category is not None and category not in chain:
                chain.add(category)
                category = parents.get(category)
            ancestors[start] = chain
        return ancestors


def _all(model: str) -> Domain:
    """Return the domain of all categories of *model*. Product categories have no field `active`."""
    return [] if model == "product.category" else [ANY]


def names(rows: Iterable[Row], ids: Iterable[int]) -> list[str]:
    """Return the names of those *rows* whose id is among *ids*, in that order."""
    rows_by_id = by_id(list(rows))
    return [rows_by_id[n]["name"] for n in ids if n in rows_by_id]


def _is(name: str | None, expected: str) -> bool:
    return (name or "").strip().casefold() == expected.strip().casefold()


def _literal(text: str) -> str:
    for sign in ("\\", "%", "_"):
        text = text.replace(sign, "\\" + sign)
    return text
