"""Customers: parties with a category below the territory category, with their addresses."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from backend.connectors.tryton.client import Client, Domain
from backend.connectors.tryton.lookups import Lookups, names
from backend.connectors.tryton.mapping import customers
from backend.connectors.tryton.row import Row
from backend.connectors.tryton.rows import Item
from backend.connectors.tryton.sources import ANY, Source, Trigger, by_id, found_by, same


class PartySource(Source):
    """A collection whose roots are the customers."""

    model = "party.party"

    def __init__(self, lookups: Lookups) -> None:
        self.lookups = lookups

    def domain(self, client: Client) -> Domain:
        return [ANY, ["categories", "in", sorted(self.lookups.territories())]]

    def among(self, client: Client, roots: Iterable[int]) -> set[int]:
        """Return those of *roots* that are customers."""
        domain = [*self.domain(client), ["id", "in", sorted(roots)]]
        return set(client.search(self.model, domain))


class Customers(PartySource):
    """Changed addresses and identifiers do not change the party's own stamp, so they are followed too."""

    collection = "customers"
    triggers = (
        Trigger("party.party", same()),
        Trigger("party.address", same("party"), ["party"]),
        Trigger("party.identifier", same("party"), ["party"]),
        Trigger("party.category", found_by("party.party", "categories", ANY)),
    )

    def items(self, client: Client, roots: list[int]) -> Iterator[Item]:
        territories = self.lookups.territories()
        blocked = self.lookups.named("party.category", self.lookups.options.blocked_category)
        categories = client.search_read("party.category", [ANY], ["name"])
        parties = by_id(client.search_read("party.party", [ANY, ["id", "in", roots]], customers.FIELDS))
        addresses: dict[int, list[Row]] = defaultdict(list)
        for row in client.search_read("party.address", [["party", "in", roots]], customers.ADDRESS_FIELDS):
            addresses[row["party"]].append(row)
        currency = self.lookups.currency()["code"]
        for root in roots:
            party = parties.get(root)
            own = (party or {}).get("categories") or []
            if party is None or not any(n in territories for n in own):
                yield Item(str(root), None)
                continue
            raw = {
                "party": party,
                "addresses": addresses[root],
                "territories": [territories[n].name for n in own if n in territories],
                "blocked": [n for n in own if n in blocked],
                "others": names(categories, [n for n in own if n not in territories and n not in blocked]),
                "currency": currency,
            }
            yield Item(str(root), raw)
