"""Sizes and times that both sides must know. `GET /v1/limits` returns those of the server."""

from dataclasses import asdict, dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True)
class Limits:
    """Limits. Bytes are counted after decompression. Times are in seconds, unless the name says days."""

    page_bytes: int = 256 * KIB
    """Size of a page's rows if the device requests no size."""
    page_bytes_least: int = 4 * KIB
    page_bytes_most: int = 4 * MIB
    push_submissions: int = 100
    """Most submissions in one push."""
    push_bytes: int = 4 * MIB
    """Largest push."""
    submission_bytes: int = 512 * KIB
    """Largest canonical body of a submission."""
    receipt_bytes: int = 20 * MIB
    receipt_chunk_bytes: int = 1 * MIB
    """Largest piece of a receipt in one PATCH."""
    access_token_seconds: int = 900
    poll_after_seconds: int = 60
    """When an idle device should poll again; a page may state another time."""
    segment_bytes: int = 256 * KIB
    """Largest segment; most have at least a quarter of this."""
    segment_plain_bytes: int = 16 * MIB
    """Largest segment after decompression."""
    verify_streams: int = 1_000
    """Most streams in one verification request."""
    verify_ranges: int = 64
    """Most key ranges to split, and most to compare row by row, in one verification request."""
    verify_parts: int = 16
    """Parts into which the server splits a range."""
    verify_rows: int = 64
    """Most rows of a range that is compared row by row."""
    verify_bytes: int = 1 * MIB
    """Largest verification request, and about the size of the rows in its reply."""
    tombstone_days: int = 90
    """How long a device may be offline without fetching its streams again from the beginning."""

    def as_wire(self) -> dict[str, int]:
        """Return the limits as the JSON object of `GET /v1/limits`."""
        return asdict(self)

    def page_bytes_within(self, requested: int | None) -> int:
        """Return the page size for the size that a device *requested* (None: the default)."""
        if requested is None:
            return self.page_bytes
        return max(self.page_bytes_least, min(requested, self.page_bytes_most))


LIMITS = Limits()
