"""The device's errors, grouped by what the caller should do.

A `Temporary` error disappears if the request is repeated later. None of them loses anything on the device.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sync_protocol.errors import Fault


class DeviceError(Exception):
    """Base of everything that the device raises on purpose. Its text is written for a person."""


class Temporary(DeviceError):
    """Retry later, with backoff. *retry_after* is the server's Retry-After in seconds, or None."""

    retry_after: int | None = None


class Offline(Temporary):
    """There was no connection, or it broke. *sent*: the server may have received the request."""

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


class NotOurServer(Temporary):
    """The reply is not from the server: a page of a captive portal, an error of a proxy, a redirect."""


class Damaged(Temporary):
    """The reply was cut or altered in transit. The device used no part of it."""


class ContractBroken(DeviceError):
    """The server sent well-formed JSON that breaks the contract. The device used no part of it."""


class Problem(Temporary):
    """The server answered with problem details (RFC 9457)."""

    def __init__(self, status: int, body: dict[str, Any], retry_after: int | None = None) -> None:
        """*body* is the decoded JSON: `code`, `detail`, `title`, `errors` and `wipe` are read, if present."""
        self.status = status
        self.code = str(body.get("code") or "")
        self.detail = str(body.get("detail") or body.get("title") or f"HTTP {status}")
        self.wipe = body.get("wipe") is True
        self.errors = body.get("errors")
        self.retry_after = retry_after
        super().__init__(f"{self.detail} ({self.code or status})")


class NotEnrolled(DeviceError):
    """This folder is not enrolled with a server yet."""

    def __init__(self) -> None:
        super().__init__("this device is not enrolled; ask the office for a code and enrol it")


class EnrolAgain(DeviceError):
    """The server no longer accepts this device's tokens. The outbox is kept, and sent after enrolling again."""


class Revoked(DeviceError):
    """The server revoked the device. Replica, keys and tokens have been deleted.

    *export* is the file with the documents that the server did not have yet, or None if it had all.
    """

    def __init__(self, export: Path | None) -> None:
        unsent = f" Unsent documents were written to {export}; give this file to the office." if export else ""
        super().__init__(f"this device has been revoked and its data deleted.{unsent}")
        self.export = export


class CaptureRefused(DeviceError):
    """The document has faults. Nothing was stored; the caller still has the input."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{fault.field or 'document'}: {fault.message}" for fault in faults))
        self.faults = list(faults)


class ReceiptRefused(DeviceError):
    """The file cannot be a receipt: wrong type, too large, or not readable."""


class DatabaseRefused(DeviceError):
    """The file in the folder is not a database of this app, or a newer app wrote it."""


class NotFound(DeviceError):
    """No record or document on this device matches, or more than one does."""
