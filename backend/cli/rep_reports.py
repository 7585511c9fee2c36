"""`satchel rep …` about the reports of phones: documents that are not sent, and the figures of syncs."""

import click

from backend.cli.context import load_settings, transaction
from backend.cli.named import require_device, require_rep
from backend.cli.tables import print_table, visible
from backend.device_reports import reports
from backend.device_reports.models import DeviceReport, DeviceSync
from sync_protocol.local_time import local_time

_SHOWN = 3
"""Documents that a row of the table names."""


@click.command()
@click.argument("id", required=False)
def unsent(id: str | None) -> None:
    """List what the phones of all reps, or of the rep ID, had not sent when they last reported."""
    with transaction(load_settings()) as session:
        rep = require_rep(session, id).id if id is not None else None
        print_table(
            reports.inventories(session, rep=rep),
            {
                "device": lambda report: report.device,
                "rep": lambda report: report.rep,
                "reported": lambda report: report.reported_at,
                "app": lambda report: f"{report.app_version} {report.platform}",
                "unsent": lambda report: report.unsent_total,
                "oldest": _oldest,
            },
            empty="No phone has reported yet.",
        )


def _oldest(report: DeviceReport) -> str:
    """Return the kind and the time of capture of the first documents."""
    named = [f"{document['kind']} {_captured(document)}" for document in report.unsent[:_SHOWN]]
    return ", ".join(named)


def _captured(document: dict[str, str]) -> str:
    problem = f" ({document['problem']})" if document.get("problem") else ""
    return f"{local_time(document['captured_at'])}{problem}"


@click.command()
@click.argument("device")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1), help="Maximum number of rows.")
def syncs(device: str, limit: int) -> None:
    """List the newest syncs of a DEVICE, as it reported them; they are kept for 90 days.

    DEVICE is its id, or four characters or more of its beginning or end. Times are those of the phone's clock.
    """
    with transaction(load_settings()) as session:
        row = require_device(session, device)
        print_table(
            reports.syncs(session, row.id, limit),
            {
                "began": lambda sync: sync.began_at,
                "seconds": lambda sync: f"{sync.milliseconds / 1000:.1f}",
                "sent": lambda sync: sync.sent,
                "received": lambda sync: sync.received,
                "rows": lambda sync: sync.rows,
                "result": _result,
                "app": lambda sync: f"{sync.app_version} {sync.platform}",
            },
            empty=visible(f"Device {row.id} has reported no sync."),
        )


def _result(sync: DeviceSync) -> str:
    return sync.problem or ("complete" if sync.complete else "stopped early")
