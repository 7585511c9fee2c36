"""Warehouses, of stock.location."""

from backend.connectors.tryton.mapping.text import clip, key
from backend.connectors.tryton.row import Row
from sync_protocol.json_types import NewRecord

FIELDS = ("name", "code")


def record(row: Row) -> NewRecord:
    """Return a warehouse; *row* holds `FIELDS` of stock.location."""
    return {"id": key(row["id"]), "name": clip(row["name"], 120)}
