"""Contacts: the numbers and addresses of a customer, and the persons related to it."""

import hashlib

from backend.connectors.tryton.mapping.text import clip, key
from backend.connectors.tryton.row import Raw
from sync_protocol.json_types import NewRecord

MECHANISM_FIELDS = ("party", "type", "value", "name", "active")
PHONES = ("phone", "mobile", "fax")


def own_key(customer: int, name: str | None) -> str:
    """Return the key of the customer's own mechanisms of that name."""
    if not (name or "").strip():
        return str(customer)
    return f"{customer}-{hashlib.sha256((name or '').strip().encode()).hexdigest()[:12]}"


def person_key(customer: int, person: int) -> str:
    """Return the key of a person as contact of a customer."""
    return f"{customer}-p{person}"


def record(raw: Raw) -> NewRecord:
    """Return a contact; *raw*: key, customer, name, role, mechanisms (`MECHANISM_FIELDS`)."""
    phones = [
        {"kind": row["type"], "number": clip(row["value"], 40)}
        for row in raw["mechanisms"]
        if row["type"] in PHONES and clip(row["value"], 40)
    ]
    emails = [clip(row["value"], 254) for row in raw["mechanisms"] if row["type"] == "email"]
    return {
        "id": raw["key"],
        "customer_id": key(raw["customer"]),
        "name": clip(raw["name"], 200),
        "role": clip(raw["role"], 120),
        "phones": phones[:50],
        "emails": [email for email in emails if email][:50],
    }
