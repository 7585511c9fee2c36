"""The device's errors, grouped by what the caller should do.

A `Temporary` error disappears if the request is repeated later. None of them loses anything on the device.
The text of each is a sentence for the rep, without hosts, statuses and codes; `technical` has those.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sync_protocol.errors import Fault
from sync_protocol.fault_sentence import fault_sentences


class DeviceError(Exception):
    """Base of everything that the device raises on purpose. Its text is written for the rep."""

    def __init__(self, sentence: str, technical: str = "") -> None:
        """*technical*: what somebody needs who looks for the cause. It is empty if the sentence says it all."""
        super().__init__(sentence)
        self.technical = technical


class Temporary(DeviceError):
    """Retry later, with backoff. *retry_after* is the server's Retry-After in seconds, or None."""

    retry_after: int | None = None


class Offline(Temporary):
    """There was no connection, or it broke. *sent*: the server may have received the request."""

    def __init__(self, technical: str, *, sent: bool) -> None:
        broke = "the connection to the server broke"
        super().__init__(broke if sent else "there is no connection to the server", technical)
        self.sent = sent


class NotOurServer(Temporary):
    """The reply is not from the server: a page of a captive portal, an error of a proxy, a redirect."""

    def __init__(self, technical: str) -> None:
        sentence = "the answer did not come from the server; this may be a network with a sign-in page"
        super().__init__(sentence, technical)


class Damaged(Temporary):
    """The reply was cut or altered in transit. The device used no part of it."""

    def __init__(self, technical: str) -> None:
        super().__init__("the answer of the server was damaged in transit", technical)


class ContractBroken(DeviceError):
    """The server sent well-formed JSON that breaks the contract. The device used no part of it."""

    def __init__(self, technical: str) -> None:
        sentence = "this app does not understand the answer of the server; tell the office if this lasts"
        super().__init__(sentence, technical)


_BUSY = "the server cannot answer now"
_SENTENCES = {
    "enrolment_code_invalid": "the enrolment code is unknown, used or expired; ask the office for a new one",
    "refresh_invalid": "the server no longer knows this device",
    "device_revoked": "this device has been revoked",
    "rate_limited": "there were too many attempts; wait a little",
    "quota_exceeded": "as much as a day allows has been sent; this device keeps the rest and sends it later",
    "server_busy": _BUSY,
    "not_yet": _BUSY,
    "body_damaged": "what this device sent was damaged in transit",
    "body_too_large": "it is too large for the server",
    "receipt_type": "the server accepts only a JPEG, PNG, HEIC, WebP or PDF; choose another file",
    "digest_mismatch": "the file was damaged in transit",
}
"""What the rep reads of a problem, by its code; `_sentence` has the rest."""


def _sentence(code: str, status: int) -> str:
    """Return what the rep reads of a problem. A proxy sends 413 and 429 without a code."""
    if code in _SENTENCES:
        return _SENTENCES[code]
    by_status = {413: _SENTENCES["body_too_large"], 429: _SENTENCES["rate_limited"]}
    refused = "the server refuses what this app sent; tell the office if this lasts"
    return by_status.get(status, _BUSY if status >= 500 else refused)


class Problem(Temporary):
    """The server answered with problem details (RFC 9457)."""

    def __init__(self, status: int, body: dict[str, Any], retry_after: int | None = None) -> None:
        """*body* is the decoded JSON: `code`, `detail`, `title`, `errors`, `wipe` and `wipe_order` are read."""
        self.status = status
        self.code = str(body.get("code") or "")
        self.detail = str(body.get("detail") or body.get("title") or f"HTTP {status}")
        self.wipe = body.get("wipe") is True
        self.wipe_order = body.get("wipe_order") if isinstance(body.get("wipe_order"), str) else None
        self.errors = body.get("errors")
        self.retry_after = retry_after
        super().__init__(_sentence(self.code, status), f"{self.detail} ({self.code or status})")


class NoNewTokens(Temporary):
    """The server refused the request for tokens, and may accept the next one. Tokens and outbox are kept.

    It is no `Problem`: its status is not about the documents or the cursor of the request that needed the
    tokens.
    """

    def __init__(self, technical: str) -> None:
        sentence = "the server did not accept this device's signature; tell the office if this lasts"
        super().__init__(sentence, technical)


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
        super().__init__(fault_sentences((fault.field, fault.message) for fault in faults))
        self.faults = list(faults)


class ReceiptRefused(DeviceError):
    """The file cannot be a receipt: wrong type, too large, or not readable."""


class DatabaseRefused(DeviceError):
    """The file in the folder is not a database of this app, or a newer app wrote it."""


class NotFound(DeviceError):
    """No record or document on this device matches, or more than one does."""
