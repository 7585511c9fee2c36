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
    push_changes: int = 1_000
    """Most records that one push may change: its own, and those of the documents that it replaces. Beyond that
    the push is refused as a whole with 413; half of its documents may pass."""
    unauthenticated_bytes: int = 8 * KIB
    """Largest body of a request without a token: enrolment and the refresh of tokens."""
    inflate_free_bytes: int = 256 * KIB
    """A compressed body may always hold this much."""
    inflate_ratio: int = 100
    """Most bytes per byte of a compressed body that holds more than `inflate_free_bytes`. Orders have 30."""
    faults: int = 25
    """Most errors, and most warnings, in the result of one submission; the last one tells how many follow."""
    versions: int = 50
    """Most earlier versions of a document behind a copy of it."""
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
    documents_per_day: int = 5000
    """Documents of a rep in a day of the company, after which pushes must wait for the next; 0: no limit."""
    receipts_per_day: int = 1000
    """Most receipts of a rep in a day; 0: no limit."""
    receipt_bytes_per_day: int = 2048 * MIB
    """Most bytes of the receipts of a rep in a day; 0: no limit."""
    parked_bytes_per_day: int = 50 * MIB
    """Bytes of a rep's documents of the day that wait for the office, are refused or are in quarantine, after
    which pushes must wait; 0: no limit."""
    report_unsent: int = 500
    """Most unsent documents that a report lists."""
    report_syncs: int = 100
    """Most syncs in one report."""
    report_bytes: int = 256 * KIB
    """Largest report. One with the most documents and syncs has 160 kB, if its texts are ASCII."""
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
