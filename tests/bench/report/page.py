"""`docs/benchmarks.md`: a run replaces the text between the two marks and nothing else."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "benchmarks.md"
BEGIN = "<!-- figures: written by `make bench` -->"
END = "<!-- end of figures -->"


def measured_on(records: int, seconds: float | None = None) -> str:
    """Return a sentence with the date and machine of the measurement."""
    gib = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    took = f"\nThe run took {seconds / 60:.0f} minutes." if seconds else ""
    day = datetime.now(UTC).date().isoformat()
    return (
        f"Measured on {day}: {os.cpu_count()} cores, {gib:.0f} GiB, {platform.system()},"
        f" Python {platform.python_version()}; {records:,} records; client, server and"
        f" database on one machine.{took}"
    )


def write(figures: str) -> None:
    """Put *figures* between the marks."""
    text = PAGE.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{figures}\n\n{END}{after}")
