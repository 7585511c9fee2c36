"""What can go wrong on a device, sorted by what to do about it.

`Temporary` ones are mended by asking again later; nothing on the device is lost by any of them.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sync_protocol.errors import Fault


class DeviceError(Exception):
    """Base of everything the device raises on purpose; its text is meant for a person."""


class Temporary(DeviceError):
    """Ask again later, with backoff. *retry_after* is the server's wish in seconds, if it had one."""

    retry_after: int | None = None


class Offline(Temporary):
    """There was no connection, or it broke. *sent*: the request may have reached the server all the same."""

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


class NotOurServer(Temporary):
    """Something that is not the server answered: a captive portal's page, a proxy's error, a redirect."""


class Damaged(Temporary):
    """The reply was cut or altered on the way; nothing of it was used."""


class ContractBroken(DeviceError):
    """The server answered well-formed JSON that is not what the contract says. Nothing of it was used."""


class Problem(Temporary):
    """The server answered with problem details (RFC 9457)."""

    def __init__(self, status: int, body: dict[str, Any], retry_after: int | None = None) -> None:
        self.status = status
        self.code = str(body.get("code") or "")
        self.detail = str(body.get("detail") or body.get("title") or f"HTTP {status}")
        self.wipe = body.get("wipe") is True
        self.errors = body.get("errors")
        self.retry_after = retry_after
        super().__init__(f"{self.detail} ({self.code or status})")


class NotEnrolled(DeviceError):
    """This folder belongs to no server yet."""

    def __init__(self) -> None:
        super().__init__("this device is not enrolled; ask the office for a code and enrol it")


class EnrolAgain(DeviceError):
    """The server no longer takes this device's tokens. The outbox is kept and is sent after a new enrolment."""


class Revoked(DeviceError):
    """The server revoked the device: replica, keys and tokens are gone from it.

    *export* is the file with the documents that the server did not have yet, or None if it had all.
    """

    def __init__(self, export: Path | None) -> None:
        kept = (
            f" Documents that had not arrived were written to {export}; give it to the office."
            if export
            else ""
        )
        super().__init__(f"this device has been revoked and its data deleted.{kept}")
        self.export = export


class CaptureRefused(DeviceError):
    """The document has faults; nothing was stored, and the input is still the caller's."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{fault.field or 'document'}: {fault.message}" for fault in faults))
        self.faults = list(faults)


class ReceiptRefused(DeviceError):
    """The file cannot be a receipt: its type, its size, or it cannot be read."""


class DatabaseRefused(DeviceError):
    """The file in the folder is not a database of this app, or is of a newer one."""


class NotFound(DeviceError):
    """There is no such record or document on this device, or more than one answers the name."""
