"""The customers of the sample company, with addresses, contacts and a credit limit."""

import random
from typing import Any

from backend.connectors.flatfile.files import ADDRESSES, CONTACTS, CREDIT, CUSTOMERS
from backend.sample_erp.database import SampleDatabase
from backend.sample_erp.names import (
    FAMILIES,
    FIRST_NAMES,
    FORMS,
    GROUPS,
    ROLES,
    STREETS,
    TERMS,
    TERRITORY_PLACES,
    TRADES,
)
from backend.sample_erp.products import LISTS
from backend.sample_erp.reps import TERRITORIES

CUSTOMERS_NUMBER = 300
CLOSED_EVERY, BLOCKED_EVERY, PROSPECT_EVERY, SWISS_EVERY = 41, 37, 29, 25


def create_customers(db: SampleDatabase, chance: random.Random) -> None:
    """Write the customers with addresses and contacts. Limits come later: they depend on what customers owe."""
    customers = [_customer(number, chance) for number in range(1, CUSTOMERS_NUMBER + 1)]
    db.put(CUSTOMERS, customers)
    db.put(ADDRESSES, (address for customer in customers for address in _addresses(customer, chance)))
    db.put(CONTACTS, (contact for customer in customers for contact in _contacts(customer, chance)))
    db.put(
        CREDIT,
        (
            {
                "customer_id": customer["id"],
                "currency": customer["currency"],
                "limit": "",
                "exposure": "0",
                "overdue": "0",
            }
            for customer in customers
        ),
    )


def status_of(number: int) -> str:
    """Return the status of customer *number*: nearly all are active."""
    if number % CLOSED_EVERY == 0:
        return "closed"
    if number % BLOCKED_EVERY == 0:
        return "blocked"
    return "prospect" if number % PROSPECT_EVERY == 0 else "active"


def _customer(number: int, chance: random.Random) -> dict[str, Any]:
    territory = TERRITORIES[(number - 1) % len(TERRITORIES)]
    place = TERRITORY_PLACES[territory][number % 3]
    status = status_of(number)
    list_id, currency = (LISTS[3] if number % SWISS_EVERY == 0 else LISTS[number % 3])[0:3:2]
    name = f"{chance.choice(FAMILIES)} {chance.choice(TRADES)} {place[0]} {chance.choice(FORMS)}"
    return {
        "id": f"C{number:04d}",
        "number": str(10000 + number),
        "name": name,
        "kind": "organisation",
        "status": status,
        "block_order": status == "blocked",
        "block_delivery": status == "blocked",
        "territory": territory,
        "group": chance.choice(GROUPS),
        "tax_id": f"DE{300000000 + number * 7}",
        "language": "de",
        "currency": currency,
        "price_list_id": list_id,
        "payment_term": chance.choice(TERMS),
        "notes": "Deliveries before noon only." if number % 11 == 0 else "",
        "place": place,
    }


def _addresses(customer: dict[str, Any], chance: random.Random) -> list[dict[str, Any]]:
    city, region, postal_code = customer["place"]
    made = []
    for number in range(1, chance.choice((1, 1, 2, 3)) + 1):
        made.append(
            {
                "id": f"{customer['id']}-A{number}",
                "customer_id": customer["id"],
                "name": "" if number == 1 else f"Site {number}",
                "uses": "invoice|delivery|visit" if number == 1 else "delivery|visit",
                "line_1": f"{chance.choice(STREETS)} {chance.randint(1, 120)}",
                "city": city,
                "region": region,
                "postal_code": postal_code,
                "country": "DE",
            }
        )
    return made


def _contacts(customer: dict[str, Any], chance: random.Random) -> list[dict[str, Any]]:
    made = []
    for number in range(1, chance.choice((1, 1, 2)) + 1):
        first, last = chance.choice(FIRST_NAMES), chance.choice(FAMILIES)
        made.append(
            {
                "id": f"{customer['id']}-K{number}",
                "customer_id": customer["id"],
                "name": f"{first} {last}",
                "role": chance.choice(ROLES),
                "phone": f"+49 {chance.randint(201, 991)} {chance.randint(100000, 999999)}",
                "mobile": f"+49 15{chance.randint(10, 79)} {chance.randint(1000000, 9999999)}"
                if number == 1
                else "",
                "emails": f"contact{number}.{customer['id'].lower()}@example.com",
            }
        )
    return made
