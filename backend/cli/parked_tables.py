"""Parked documents on a terminal: a table of many, and one in detail."""

import datetime as dt
from collections.abc import Sequence

from rich.table import Column, Table

from backend.cli.context import console
from backend.office.queries import ParkedDocument


def print_list(documents: Sequence[ParkedDocument], now: dt.datetime) -> None:
    """Print *documents* as a table."""
    table = Table(
        Column("id", no_wrap=True), "rep", "document", "waiting", "owner", "class", "reason", "what to do",
        "reserved by",
    )  # fmt: skip
    for document in documents:
        table.add_row(
            document.id,
            document.rep,
            document.title,
            _duration(now - document.since),
            document.owner,
            document.error_class,
            document.reason,
            document.advice,
            document.reserved_by,
        )
    console.print(table)


def print_document(document: ParkedDocument, now: dt.datetime) -> None:
    """Print *document* in detail; fields without a value are left out."""
    table = Table(show_header=False, box=None)
    decision = f", {document.decision} by the office" if document.decision else ""
    rows: dict[str, str | None] = {
        "document": f"{document.title}  {document.kind} {document.id} of {document.rep}",
        "state": f"{document.state}{decision} for {_duration(now - document.since)}",
        "ERP number": document.erp_number,
        "replaced by": document.superseded_by,
        "reason": document.reason,
    }
    if document.state in ("parked", "on_hold"):
        rows |= {
            "owner": document.owner,
            "class": document.error_class,
            "ERP's words": document.raw,
            "what to do": document.advice,
        }
    if document.reserved_by:
        rows["reserved by"] = f"{document.reserved_by} until {document.reserved_until:%Y-%m-%d %H:%M} UTC"
    for name, value in rows.items():
        if value:
            table.add_row(name, value)
    console.print(table)


def _duration(elapsed: dt.timedelta) -> str:
    minutes = max(0, int(elapsed.total_seconds() // 60))
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"
