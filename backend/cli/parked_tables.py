"""Parked documents on a terminal: a table of many, and one in detail."""

import datetime as dt
from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from backend.cli.context import console
from backend.cli.tables import print_table
from backend.office.queries import ParkedDocument
from sync_protocol.local_time import local_time


def print_list(documents: Sequence[ParkedDocument], now: dt.datetime) -> None:
    """Print *documents* as a table."""
    print_table(
        documents,
        {
            "id": lambda document: document.id,
            "rep": lambda document: document.rep,
            "document": lambda document: document.title,
            "waiting": lambda document: _duration(now - document.since),
            "owner": lambda document: document.owner,
            "class": lambda document: document.error_class,
            "reason": lambda document: document.reason,
            "what to do": lambda document: document.advice,
            "reserved by": lambda document: document.reserved_by,
        },
    )


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
    if document.warnings:
        rows["warnings"] = "\n".join(warning["message"] for warning in document.warnings)
    if document.reserved_by and document.reserved_until:
        rows["reserved by"] = f"{document.reserved_by} until {local_time(document.reserved_until)}"
    for name, value in rows.items():
        if value:
            table.add_row(name, escape(value))
    console.print(table)


def _duration(elapsed: dt.timedelta) -> str:
    minutes = max(0, int(elapsed.total_seconds() // 60))
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"
