"""The bar of `satchel device sync`: bytes and records of the segments that are offered."""

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
    """Give what to call with the report of a sync that is under way.

    While segments are fetched it shows a bar by bytes; once those that matter most are there it says, on a
    line that stays, that the device can be used. Without segments it counts the records.
    """
    columns = (
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
        TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("syncing", total=None)
        shown = _Shown()

        def on_progress(report: SyncReport) -> None:
            offered = report.offered
            if offered.bytes:
                done = shown.done(report)
                bar.update(
                    task, total=offered.bytes, completed=done,
                    description=f"{offered.rows_applied:,} of {offered.rows:,} records",
                )  # fmt: skip
                if offered.usable and not shown.usable:
                    shown.usable = True
                    console.print("What is needed first is here: the device can be used.")
            else:
                bar.update(task, description=f"{report.put:,} records in {report.pages} pages")

        yield on_progress


class _Shown:
    """What of the segment under way has arrived is counted on top of those that are applied."""

    def __init__(self) -> None:
        self.usable = False
        self._applied = -1
        self._fetched = 0

    def done(self, report: SyncReport) -> int:
        if report.offered.bytes_applied != self._applied:
            self._applied, self._fetched = report.offered.bytes_applied, report.fetched
        return min(report.offered.bytes, self._applied + report.fetched - self._fetched)
