"""Contacts: a customer's own contact mechanisms, and the persons related to it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from backend.connectors.tryton.client import Client
from backend.connectors.tryton.mapping import contacts
from backend.connectors.tryton.reads.customers import PartySource
from backend.connectors.tryton.row import Row
from backend.connectors.tryton.rows import Item
from backend.connectors.tryton.sources import ANY, Trigger, same

RELATION = "party.relation.all"
RELATION_FIELDS = ("from_", "to", "type.name", "type.reverse.name", "active", "to.name", "to.active")


def _with_related(client: Client, rows: list[Row], name: str) -> list[int]:
    """Return the changed parties and those that are related to them."""
    ids = sorted({row[name] for row in rows if row[name] is not None})
    related = client.search_read(RELATION, [["to", "in", ids], ANY], ["from_"]) if ids else []
    return sorted({*ids, *(row["from_"] for row in related)})


def _both_ends(client: Client, rows: list[Row]) -> list[int]:
    return [row[end] for row in rows for end in ("from_", "to") if row[end] is not None]


class Contacts(PartySource):
    """Relations are followed by id: they are a view, whose creation stamp is the time of reading."""

    collection = "contacts"
    records_per_root = 2
    plain = (
        Trigger("party.contact_mechanism", lambda c, rows: _plain(rows, "party"), ["party"]),
        Trigger("party.party", same()),
    )
    related = (
        Trigger("party.contact_mechanism", lambda c, r: _with_related(c, r, "party"), ["party"]),
        Trigger("party.party", lambda c, r: _with_related(c, r, "id")),
        Trigger(RELATION, _both_ends, ["from_", "to"], stamp=None),
        Trigger(RELATION, _both_ends, ["from_", "to"], stamp="write_date"),
    )

    def __init__(self, lookups: Any, *, relations: bool) -> None:
        """*relations*: whether Tryton has the module party_relationship."""
        super().__init__(lookups)
        self.relations = relations
        self.triggers = self.related if relations else self.plain

    def items(self, client: Client, roots: list[int]) -> Iterator[Item]:
        customers = self.among(client, roots)
        contact_roots = [root for root in roots if root in customers]
        relations = self._relations(client, contact_roots)
        people = {row["to"] for rows in relations.values() for row in rows}
        mechanisms: dict[int, list[Row]] = defaultdict(list)
        domain = [ANY, ["party", "in", sorted({*contact_roots, *people})]]
        for row in client.search_read("party.contact_mechanism", domain, contacts.MECHANISM_FIELDS):
            mechanisms[row["party"]].append(row)
        for root in roots:
            if root not in customers:
                yield Item(contacts.own_key(root, None), None)
                continue
            yield from _own(root, mechanisms[root])
            for row in relations[root]:
                yield _person(root, row, mechanisms[row["to"]])

    def _relations(self, client: Client, roots: list[int]) -> dict[int, list[Row]]:
        """Return each customer's relations to persons, one per person; other customers are not persons."""
        relations: dict[int, dict[int, Row]] = defaultdict(dict)
        if self.relations and roots:
            rows = client.search_read(RELATION, [ANY, ["from_", "in", roots]], RELATION_FIELDS)
            related = self.among(client, {row["to"] for row in rows})
            for row in rows:
                earlier = relations[row["from_"]].get(row["to"])
                if row["to"] not in related and not (earlier and earlier["active"]):
                    relations[row["from_"]][row["to"]] = row
        return {root: list(relations[root].values()) for root in roots}

    def keys(self, client: Client, roots: list[int]) -> Iterable[str]:
        return [item.key for item in self.items(client, roots) if item.raw is not None]


def _plain(rows: list[Row], name: str) -> list[int]:
    return [row[name] for row in rows if row[name] is not None]


def _own(customer: int, mechanisms: list[Row]) -> Iterator[Item]:
    """One contact for each name among the customer's mechanisms, and one for those without a name."""
    grouped: dict[str, list[Row]] = {}
    for row in mechanisms:
        grouped.setdefault((row["name"] or "").strip(), []).append(row)
    if "" not in grouped:
        yield Item(contacts.own_key(customer, None), None)
    for name, rows in sorted(grouped.items()):
        key = contacts.own_key(customer, name)
        active = [row for row in rows if row["active"]]
        raw = {"key": key, "customer": customer, "name": name, "role": None, "mechanisms": active}
        yield Item(key, raw if active else None)


def _person(customer: int, relation: Row, mechanisms: list[Row]) -> Item:
    key = contacts.person_key(customer, relation["to"])
    person = relation["to."]
    if not relation["active"] or not person["active"]:
        return Item(key, None)
    kind = relation["type."]
    raw = {
        "key": key,
        "customer": customer,
        "name": person["name"],
        "role": (kind.get("reverse.") or kind)["name"],
        "mechanisms": [row for row in mechanisms if row["active"]],
    }
    return Item(key, raw)
