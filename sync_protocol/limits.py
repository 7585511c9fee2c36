"""Sizes and times that both sides must know; `GET /v1/limits` tells a device those in force."""

from dataclasses import asdict, dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True)
class Limits:
    """Limits in force. Bytes are counted after decompression, times in seconds unless the name says days."""

    page_bytes: int = 256 * KIB
    """Size of a page's rows when the device names none."""
    page_bytes_least: int = 4 * KIB
    page_bytes_most: int = 4 * MIB
    push_submissions: int = 100
    """Submissions in one push."""
    push_bytes: int = 4 * MIB
    """Size of one push."""
    submission_bytes: int = 512 * KIB
    """Size of one submission's canonical body."""
    receipt_bytes: int = 20 * MIB
    receipt_chunk_bytes: int = 1 * MIB
    """Largest piece of a receipt in one PATCH."""
    access_token_seconds: int = 900
    poll_after_seconds: int = 60
    """When an idle device should ask again; pages may say otherwise."""
    segment_bytes: int = 256 * KIB
    """Size of a segment; most have between a quarter of this and this."""
    segment_plain_bytes: int = 16 * MIB
    """Most bytes a segment inflates to."""
    verify_streams: int = 1_000
    """Streams in one verification."""
    verify_ranges: int = 64
    """Key ranges in one verification, to be split and to be compared row by row, each."""
    verify_parts: int = 16
    """Parts into which the server splits a range."""
    verify_rows: int = 64
    """Rows of a range that is compared row by row."""
    verify_bytes: int = 1 * MIB
    """Size of one verification, and about that of the rows in its answer."""
    tombstone_days: int = 90
    """How long a device may stay away without starting its streams again."""

    def as_wire(self) -> dict[str, int]:
        """Return the limits as the JSON object of `GET /v1/limits`."""
        return asdict(self)

    def page_bytes_within(self, asked: int | None) -> int:
        """Return the page size to use for the size a device *asked* for (None: the default)."""
        if asked is None:
            return self.page_bytes
        return max(self.page_bytes_least, min(asked, self.page_bytes_most))


LIMITS = Limits()
