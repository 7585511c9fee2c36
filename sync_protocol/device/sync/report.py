"""What one sync did."""

from dataclasses import dataclass, field
from typing import Any

from sync_protocol.device.errors import DeviceError
from sync_protocol.device.store.offers import Standing


@dataclass
class SyncReport:
    """Counts of one sync. `problem` says why it stopped early; what was done until then stays done."""

    pages: int = 0
    put: int = 0
    gone: int = 0
    reset: bool = False
    """Everything was fetched anew."""
    rebased: bool = False
    """The server began a new epoch; what the device held was kept and compared."""
    offered: Standing = field(default_factory=Standing)
    """Segments that are offered, and how much of them has been applied."""
    segments: int = 0
    """Segments applied."""
    fetched: int = 0
    """Bytes of segments that arrived."""
    verified: bool = False
    """The replica was found equal to what the server says it holds."""
    mended: int = 0
    """Rows whose hash was not that of their body: this device's storage failed, or a program erred."""
    repaired: int = 0
    """Rows that differed and were replaced by the server's."""
    removed: int = 0
    """Rows that did not belong here and were deleted."""
    unchanged: bool = False
    """The server answered that there was nothing new."""
    results: list[dict[str, Any]] = field(default_factory=list)
    """The push's results, as they travelled."""
    receipts: int = 0
    notes: list[str] = field(default_factory=list)
    """What a person should know: a receipt that cannot be sent, a document held back."""
    received: int = 0
    """Bytes of bodies as they travelled."""
    sent: int = 0
    complete: bool = False
    problem: DeviceError | None = None
    poll_after: int = 60

    @property
    def retry_after(self) -> int | None:
        """The seconds the server asked to wait, where it asked."""
        return getattr(self.problem, "retry_after", None)
