"""How parked documents look: in a table, one alone, and for a machine."""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Column, Table

from backend.cli.context import console
from backend.office.queries import ParkedDocument


def print_list(found: Sequence[ParkedDocument], now: dt.datetime) -> None:
    """Print *found* as a table."""
    table = Table(
        Column("id", no_wrap=True),
        "rep",
        "document",
        "waits",
        "owner",
        "class",
        "why",
        "what to do",
        "reserved by",
    )
    for one in found:
        table.add_row(
            one.id, one.rep, one.title, _age(now - one.since), one.owner, one.error_class, one.reason,
            one.advice, one.reserved_by,
        )  # fmt: skip
    console.print(table)


def print_one(one: ParkedDocument, now: dt.datetime) -> None:
    """Print *one* document."""
    table = Table(show_header=False, box=None)
    where = one.state if one.decision is None else f"{one.state}, {one.decision} by the office"
    rows: dict[str, str | None] = {
        "document": f"{one.title}  {one.kind} {one.id} of {one.rep}",
        "state": f"{where} for {_age(now - one.since)}",
        "ERP number": one.erp_number,
        "why": one.reason,
    }
    if one.state in ("parked", "on_hold"):
        rows |= {
            "owner": one.owner,
            "class": one.error_class,
            "ERP's words": one.raw,
            "what to do": one.advice,
        }
    if one.reserved_by:
        rows["reserved by"] = f"{one.reserved_by} until {one.reserved_until:%Y-%m-%d %H:%M} UTC"
    for name, value in rows.items():
        if value:
            table.add_row(name, value)
    console.print(table)


def plain(one: ParkedDocument) -> dict[str, Any]:
    """Return *one* as JSON holds it."""
    values = {**asdict(one), "class": one.error_class, "body": json.loads(one.body)}
    del values["error_class"]
    return {k: v.isoformat() if isinstance(v, dt.datetime) else v for k, v in values.items()}


def _age(waited: dt.timedelta) -> str:
    minutes = max(0, int(waited.total_seconds() // 60))
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"
