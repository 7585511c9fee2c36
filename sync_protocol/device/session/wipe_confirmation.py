"""The confirmation of a wipe: the device tells the server that it has deleted everything.

It has no session any more then. So what it needs is in a file of its own, written before the rows are deleted,
and deleted when the server has got the confirmation. The file has no secret and no data of the company.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import httpx

from sync_protocol.device.errors import DeviceError, Problem
from sync_protocol.device.session.session import identity
from sync_protocol.device.session.transport import Transport
from sync_protocol.device.store.database import Database
from sync_protocol.device.store.durable_file import durable_file, sync_folder

NAME = "wiped.json"
_TRY_AGAIN = (408, 429)


@dataclass(frozen=True)
class Confirmation:
    """The server and the device of a wipe, the server's order (None: it sent none), and what was exported."""

    server: str
    device: str
    wipe_order: str | None
    exported: int


def write(db: Database, folder: Path, wipe_order: str | None, *, exported: int) -> None:
    """Store that the wipe of the enrolled device begins."""
    enrolled = identity(db)
    if enrolled is None:
        return
    value = {
        "server": enrolled.server,
        "device": enrolled.device_id,
        "wipe_order": wipe_order,
        "exported": exported,
    }
    with durable_file(folder / NAME) as stream:
        stream.write(json.dumps(value).encode())
    sync_folder(folder)


def pending(db: Database, folder: Path) -> Confirmation | None:
    """Return the confirmation of a wipe whose rows are deleted; None if there is none, or not yet."""
    try:
        confirmation = Confirmation(**json.loads((folder / NAME).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
    enrolled = identity(db)
    # The same device is still here: the wipe was interrupted, and the server will order it again.
    return None if enrolled is not None and enrolled.device_id == confirmation.device else confirmation


def send(db: Database, folder: Path, http: httpx.BaseTransport | None) -> None:
    """Confirm a wipe that is pending. If the server cannot be reached, the next sync or enrolment does it."""
    confirmation = pending(db, folder)
    if confirmation is None:
        return
    if confirmation.wipe_order is not None:
        body = {"wipe_order": confirmation.wipe_order, "exported": confirmation.exported}
        transport = Transport(confirmation.server, http=http)
        try:
            transport.request(
                "POST",
                "/v1/wiped",
                headers={"Content-Type": "application/json"},
                content=json.dumps(body).encode(),
                bare=True,
            )
        except Problem as problem:
            if problem.status in _TRY_AGAIN or problem.status >= 500:
                return
        except DeviceError:
            return
        finally:
            transport.close()
    (folder / NAME).unlink(missing_ok=True)
    sync_folder(folder)
