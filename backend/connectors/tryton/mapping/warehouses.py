"""Warehouses, of stock.location."""

from typing import Any

from backend.connectors.tryton.mapping.text import clip, key

FIELDS = ("name", "code")


def record(row: dict[str, Any]) -> dict[str, Any]:
    """Return a warehouse; *row* holds `FIELDS` of stock.location."""
    return {"id": key(row["id"]), "name": clip(row["name"], 120)}
