"""Store the reports of devices, list them, and delete old ones."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from backend.database.bulk import insert_ignore, upsert
from backend.device_reports.models import DeviceReport, DeviceSync

KEPT = dt.timedelta(days=90)
"""How long the figures of a sync are kept, by the server's clock."""
SYNCS_PER_DAY = 2_000
"""Syncs of one device that are stored in a day; a device that syncs each minute has 1,440."""
_FIGURES = ("milliseconds", "sent", "received", "rows", "complete", "problem")


def store(session: Session, report: Mapping[str, Any], *, device: str, rep: str, now: dt.datetime) -> None:
    """Store *report*, loaded by `SyncReportSchema`. A sync that is stored already stays as it is.

    Syncs beyond `SYNCS_PER_DAY` are not stored; the inventory always is.
    """
    same = {"device": device, "reported_at": now}
    app = {name: report[name] for name in ("app_version", "platform")}
    inventory = {"unsent": report["unsent"], "unsent_total": max(report["unsent_total"], len(report["unsent"]))}
    values = {**same, **app, **inventory, "rep": rep}
    upsert(session, DeviceReport, values, ["device"], replace=[name for name in values if name != "device"])
    room = SYNCS_PER_DAY - _stored_since(session, device, now - dt.timedelta(days=1)) if report["syncs"] else 0
    syncs = [
        {
            **same,
            **app,
            "began_at": dt.datetime.fromisoformat(sync["began_at"]),
            **{name: sync[name] for name in _FIGURES},
        }
        for sync in report["syncs"][: max(0, room)]
    ]
    if syncs:
        insert_ignore(session, DeviceSync, syncs, ["device", "began_at"])


def _stored_since(session: Session, device: str, since: dt.datetime) -> int:
    of_device = DeviceSync.device == device, DeviceSync.reported_at > since
    return session.scalar(select(func.count()).select_from(DeviceSync).where(*of_device)) or 0


def inventories(session: Session, *, rep: str | None = None) -> list[DeviceReport]:
    """Return the newest report of each device, by rep; those of *rep* if given."""
    statement = select(DeviceReport).order_by(DeviceReport.rep, DeviceReport.device)
    if rep is not None:
        statement = statement.where(DeviceReport.rep == rep)
    return list(session.scalars(statement))


def syncs(session: Session, device: str, most: int) -> list[DeviceSync]:
    """Return the newest *most* syncs of *device*, newest first by the device's clock."""
    statement = select(DeviceSync).where(DeviceSync.device == device).order_by(DeviceSync.began_at.desc())
    return list(session.scalars(statement.limit(most)))


def purge(session: Session, now: dt.datetime) -> None:
    """Delete the figures that are older than `KEPT`."""
    session.execute(delete(DeviceSync).where(DeviceSync.reported_at < now - KEPT))
