"""Expense categories: accounts that an expense may be booked on."""

from collections.abc import Mapping
from decimal import Decimal

from backend.connectors.tryton.mapping.text import clip, money, word
from backend.connectors.tryton.options import EVERY_CATEGORY
from backend.connectors.tryton.row import Raw
from sync_protocol.json_types import NewRecord

FIELDS = ("code", "name", "active", "closed", "type")


def record(raw: Raw) -> NewRecord:
    """Return an expense category; *raw*: account (`FIELDS`), currency, policy (of the options)."""
    account = raw["account"]
    policy: Mapping[str, Mapping[str, str]] = raw["policy"]
    limits = policy.get(account["code"], policy.get(EVERY_CATEGORY, {}))

    def limit(name: str) -> str | None:
        return money(Decimal(limits[name])) if name in limits else None

    return {
        "id": word(account["code"]),
        "name": clip(account["name"], 120),
        "currency": raw["currency"],
        "limit_per_line": limit("limit_per_line"),
        "receipt_above": limit("receipt_above"),
        "active": bool(account["active"] and not account["closed"]),
    }
