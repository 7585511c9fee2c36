"""The result of one sync."""

from dataclasses import dataclass, field

from sync_protocol.change import Stream
from sync_protocol.device.errors import DeviceError
from sync_protocol.device.store.offers import DownloadProgress
from sync_protocol.push import ResultJson


@dataclass
class SyncReport:
    """Counts of one sync. If it stopped early, `problem` says why; what was done until then stays done."""

    pages: int = 0
    put: int = 0
    """Records stored."""
    gone: int = 0
    """Records deleted."""
    dropped: dict[Stream, int] = field(default_factory=dict)
    """Streams that the server dropped, with the number of records deleted; one may have come back since."""
    lost: dict[str, int] = field(default_factory=dict)
    """What the rep no longer has (`territory NW`), with the number of records deleted."""
    gained: list[str] = field(default_factory=list)
    """What the rep has now and did not have before this sync."""
    reset: bool = False
    """Everything was fetched again."""
    rebased: bool = False
    """The server began a new epoch; the device kept its records and compared them."""
    download: DownloadProgress = field(default_factory=DownloadProgress)
    """Offered segments, and how much of them has been applied."""
    segments: int = 0
    """Segments applied."""
    downloaded: int = 0
    """Bytes of segments that arrived."""
    verified: bool = False
    """The replica was found equal to the server's checksum."""
    altered: int = 0
    """Records whose stored hash did not match their body: a storage fault, or a fault of a program."""
    repaired: int = 0
    """Records that differed and were replaced by the server's."""
    removed: int = 0
    """Records that the server does not have and that were deleted."""
    unchanged: bool = False
    """The server answered that there was nothing new."""
    results: list[ResultJson] = field(default_factory=list)
    """The push results, as in `ResultSchema`."""
    receipts: int = 0
    """Receipts sent."""
    notes: list[str] = field(default_factory=list)
    """Sentences for a person: a receipt that cannot be sent, a document that is no longer pushed."""
    received: int = 0
    """Bytes of response bodies, as compressed in transit."""
    sent: int = 0
    """Bytes of request bodies, as compressed in transit."""
    complete: bool = False
    """The server has nothing above the device's cursor."""
    problem: DeviceError | None = None
    poll_after: int = 60
    """Seconds until the next poll."""

    @property
    def retry_after(self) -> int | None:
        """The server's Retry-After in seconds, or None."""
        return getattr(self.problem, "retry_after", None)
