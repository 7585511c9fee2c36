"""Customers, of party.party: those that have a territory."""

from backend.connectors.tryton.mapping.price_lists import list_key
from backend.connectors.tryton.mapping.text import Untranslatable, clip, first, key, word
from backend.connectors.tryton.row import Raw, Row
from sync_protocol.json_types import NewRecord

FIELDS = (
    "name", "code", "active", "lang.code", "customer_payment_term.name", "sale_price_list", "replaced_by",
    "tax_identifier.code", "customer_currency.code", "categories",
)  # fmt: skip
ADDRESS_FIELDS = (
    "party", "party_name", "attn", "street", "postal_code", "city", "country.code", "subdivision.name",
    "invoice", "delivery",
)  # fmt: skip
MAX_LINES = 6


def record(raw: Raw) -> NewRecord:
    """Return a customer.

    *raw*: party (`FIELDS`), addresses (`ADDRESS_FIELDS`), territories and blocked and others (names of
    the party's categories), currency (the company's).
    """
    party = raw["party"]
    if len(raw["territories"]) != 1:
        names = ", ".join(sorted(raw["territories"]))
        raise Untranslatable(f"{party['name']} has several territories ({names}); leave one in Tryton")
    blocked = bool(raw["blocked"])
    closed = not party["active"] or party["replaced_by"] is not None
    return {
        "id": key(party["id"]),
        "number": clip(party["code"], 40),
        "name": clip(party["name"], 200) or clip(party["code"], 200),
        "kind": "organisation",
        "status": "closed" if closed else "blocked" if blocked else "active",
        "block_order": closed or blocked,
        "block_delivery": closed or blocked,
        "territory": word(raw["territories"][0]),
        "group": clip(min(raw["others"], default=None), 80),
        "tax_id": clip(first(party, "tax_identifier", "code"), 40),
        "language": clip(first(party, "lang", "code"), 8),
        "currency": first(party, "customer_currency", "code") or raw["currency"],
        "price_list_id": list_key(party["sale_price_list"]),
        "payment_term": clip(first(party, "customer_payment_term", "name"), 80),
        "addresses": [address(row) for row in raw["addresses"]],
        "notes": None,
        "replaced_by": key(party["replaced_by"]),
    }


def address(row: Row) -> NewRecord:
    """Return an address; one that Tryton keeps for no purpose is one to visit."""
    uses = [use for use in ("delivery", "invoice") if row[use]]
    lines = [clip(line, 200) for line in (row["attn"], *(row["street"] or "").splitlines())]
    return {
        "id": key(row["id"]),
        "name": clip(row["party_name"], 120),
        "uses": uses or ["visit"],
        "lines": [line for line in lines if line][:MAX_LINES],
        "city": clip(row["city"], 120),
        "region": clip(first(row, "subdivision", "name"), 80),
        "postal_code": clip(row["postal_code"], 20),
        "country": first(row, "country", "code"),
    }
