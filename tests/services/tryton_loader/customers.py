"""Customers with territory, terms, prices and credit, and their contact persons."""

import random
from decimal import Decimal

from proteus import Model
from proteus.config import get_config

TERRITORIES = ("NE", "NW", "E", "W", "SE", "SW")
CITIES = {
    "NE": ("Rostock", "18055"), "NW": ("Bremen", "28195"), "E": ("Leipzig", "04109"),
    "W": ("Köln", "50667"), "SE": ("München", "80331"), "SW": ("Freiburg", "79098"),
}  # fmt: skip
TRADES = ("Metallbau", "Tischlerei", "Haustechnik", "Maschinenbau", "Baumarkt", "Schiffswerft")
FAMILIES = ("Petersen", "Hansen", "Müller", "Özdemir", "Kowalski", "Schröder", "Nielsen", "Weiß", "Brandt")
FIRST_NAMES = ("Anja", "Bernd", "Çelik", "Dörte", "Erik", "Frauke", "Günther", "Hanna")

# Every fifth customer has no limit; the first of all has one that any order exceeds.
CREDIT_LIMITS = (Decimal("5000"), Decimal("20000"), Decimal("50000"), Decimal("100000"), None)
TINY_LIMIT = Decimal("50")
PERSON_EVERY = 3


def load(summary: dict, chance: random.Random, number: int) -> dict:
    """Returns territories by code, customers as a list, and which one is over its limit."""
    context = get_config().context
    territories = _territories()
    rows = [_customer(index, chance, summary, territories) for index in range(number)]
    Party = Model.get("party.party")
    ids = Party._proxy.create(rows, context)
    read = Party._proxy.read(ids, ["code", "addresses"], context)
    by_id = {row["id"]: row for row in read}
    customers = []
    for party, row in zip(ids, rows, strict=True):
        limit = row["credit_limit_amount"]
        customers.append(
            {
                "id": party,
                "code": by_id[party]["code"],
                "name": row["name"],
                "address": by_id[party]["addresses"][0],
                "territory": _name_of(row["categories"][0][1][0], territories),
                "payment_term": row["customer_payment_term"],
                "price_list": row["sale_price_list"],
                "credit_limit": None if limit is None else str(limit),
            }
        )
    people = _people(chance, customers[::PERSON_EVERY])
    return {
        "territories": territories,
        "customers": customers,
        "contact_persons": people,
        "over_limit_customer": customers[0]["id"],
    }


def _territories() -> dict[str, int]:
    Category = Model.get("party.category")
    parent = Category(name="Territory")
    parent.save()
    made = {}
    for code in TERRITORIES:
        category = Category(name=code, parent=parent)
        category.save()
        made[code] = category.id
    return made


def _name_of(category: int, territories: dict[str, int]) -> str:
    return next(name for name, id_ in territories.items() if id_ == category)


def _customer(index: int, chance: random.Random, summary: dict, territories: dict[str, int]) -> dict:
    territory = TERRITORIES[index % len(TERRITORIES)]
    city, postcode = CITIES[territory]
    name = f"{FAMILIES[index % len(FAMILIES)]} {chance.choice(TRADES)} {city}"
    mail = f"einkauf{index + 1}@example.com"
    return {
        "name": name,
        "categories": [("add", [territories[territory]])],
        "customer_payment_term": chance.choice(list(summary["payment_terms"].values())),
        "sale_price_list": list(summary["price_lists"].values())[index % 3],
        "credit_limit_amount": CREDIT_LIMITS[index % len(CREDIT_LIMITS)] if index else TINY_LIMIT,
        "addresses": [("create", [{
            "street": f"Hafenstraße {index + 1}", "postal_code": postcode, "city": city,
            "country": summary["country"], "invoice": True, "delivery": True,
        }])],
        "contact_mechanisms": [("create", [
            {"type": "phone", "value": f"+49 30 5550{index:04d}"},
            {"type": "email", "value": mail},
        ])],
    }  # fmt: skip


def _people(chance: random.Random, customers: list[dict]) -> list[dict]:
    """Contact persons: parties of their own, tied to the customer by a relation."""
    Type = Model.get("party.relation.type")
    has, of = Type(name="has contact person"), Type(name="is contact person of")
    has.save()
    of.reverse = has
    of.save()
    has.reverse = of
    has.save()
    context = get_config().context
    rows = [
        {
            "name": f"{chance.choice(FIRST_NAMES)} {chance.choice(FAMILIES)}",
            "code": f"K{index:05d}",
            "contact_mechanisms": [("create", [
                {"type": "mobile", "value": f"+49 170 555{index:04d}"},
                {"type": "email", "value": f"person{index}@example.com"},
            ])],
        }
        for index, _ in enumerate(customers, 1)
    ]  # fmt: skip
    ids = Model.get("party.party")._proxy.create(rows, context)
    # one direction is enough: Tryton makes the reverse
    relations = [
        {"from_": person, "to": customer["id"], "type": of.id}
        for person, customer in zip(ids, customers, strict=True)
    ]
    Model.get("party.relation.all")._proxy.create(relations, context)
    return [
        {"id": person, "name": row["name"], "customer": customer["id"]}
        for person, row, customer in zip(ids, rows, customers, strict=True)
    ]
