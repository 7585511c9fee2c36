"""The progress bar of `satchel device sync`: bytes and records of the offered segments."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from backend.cli.context import console
from sync_protocol.device.sync.report import SyncReport


@contextmanager
def sync_progress() -> Iterator[Callable[[SyncReport], None]]:
    """Give a function to call with the report of a running sync.

    While segments are downloaded it shows a bar by bytes. Once the first priority has been applied it prints
    that the device can be used. Without segments it counts the records.
    """
    columns = (
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
        TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("syncing", total=None)
        shown = _Shown()

        def on_progress(report: SyncReport) -> None:
            offered = report.download
            if offered.bytes:
                done = shown.done(report)
                bar.update(
                    task, total=offered.bytes, completed=done,
                    description=f"{offered.rows_applied:,} of {offered.rows:,} records",
                )  # fmt: skip
                if offered.usable and not shown.usable:
                    shown.usable = True
                    console.print("The most important data has arrived: the device can be used.")
            else:
                bar.update(task, description=f"{report.put:,} records in {report.pages} pages")

        yield on_progress


class _Shown:
    """Counts the bytes of the segment that is arriving, on top of the applied ones."""

    def __init__(self) -> None:
        self.usable = False
        self._applied = -1
        self._fetched = 0

    def done(self, report: SyncReport) -> int:
        if report.download.bytes_applied != self._applied:
            self._applied, self._fetched = report.download.bytes_applied, report.downloaded
        return min(report.download.bytes, self._applied + report.downloaded - self._fetched)
