"""What one sync did."""

from dataclasses import dataclass, field
from typing import Any

from sync_protocol.device.errors import DeviceError


@dataclass
class SyncReport:
    """Counts of one sync. `problem` says why it stopped early; what was done until then stays done."""

    pages: int = 0
    put: int = 0
    gone: int = 0
    reset: bool = False
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
