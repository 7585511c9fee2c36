"""Progress of reading the ERP: a bar on a terminal, a line every few seconds elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from backend.cli.context import console
from backend.cli.tables import visible

EVERY_SECONDS = 5.0
"""Between two lines where there is no terminal for a bar."""

Step = Callable[[int, int | None], None]
"""Called after each page with the number of records so far, and of all records (None: not known)."""


class ReadingProgress(Protocol):
    """Shows the progress of one collection after another."""

    def begin(self, name: str) -> Step:
        """Start to show *name*; return the function to call after each page."""

    def end(self, name: str, records: int, summary: str) -> None:
        """Show the *summary* of *name*, of which *records* were read."""


@contextmanager
def reading_progress() -> Iterator[ReadingProgress]:
    """Yield an object that shows progress on this console until the block ends."""
    if not console.is_terminal:
        yield _Lines()
        return
    columns = (
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TimeElapsedColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console) as bars:
        yield _Bars(bars)


class _Bars:
    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._task = bars.add_task("", visible=False)

    def begin(self, name: str) -> Step:
        task = self._task = self._bars.add_task(name, total=None)
        return lambda records, total: self._bars.update(task, completed=records, total=total)

    def end(self, name: str, records: int, summary: str) -> None:
        total = max(records, 1)
        self._bars.update(self._task, description=visible(f"{name}: {summary}"), total=total, completed=total)


class _Lines:
    """Prints no line per page, so that the log of a long read stays readable."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock

    def begin(self, name: str) -> Step:
        started = printed = self._clock()

        def step(records: int, total: int | None) -> None:
            nonlocal printed
            now = self._clock()
            if now - printed < EVERY_SECONDS:
                return
            printed = now
            of = f" of {total:,}" if total else ""
            console.print(f"{name}: {records:,}{of} read, {records / (now - started):,.0f} per second")

        return step

    def end(self, name: str, records: int, summary: str) -> None:
        console.print(visible(f"{name}: {summary}"), soft_wrap=True)
