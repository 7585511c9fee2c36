"""How a reading of the ERP shows how far it is: a bar on a terminal, now and then a line elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from backend.cli.context import console

EVERY_SECONDS = 5.0
"""Between two lines of progress where there is no terminal to draw a bar on."""

Step = Callable[[int, int | None], None]
"""Called after each page: records so far, and how many there are in all (None: not known)."""


class Shown(Protocol):
    """What shows the progress of one collection after another."""

    def begin(self, name: str) -> Step:
        """Begin to show *name*; returns what to call after each page."""

    def end(self, name: str, records: int, words: str) -> None:
        """Show in *words* what became of it."""


@contextmanager
def reading_progress() -> Iterator[Shown]:
    """Give what shows progress on this console, until the reading is over."""
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

    def end(self, name: str, records: int, words: str) -> None:
        whole = max(records, 1)
        self._bars.update(self._task, description=f"{name}: {words}", total=whole, completed=whole)


class _Lines:
    """Never a line per page: a log of a long reading stays readable."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock

    def begin(self, name: str) -> Step:
        began = told = self._clock()

        def step(records: int, total: int | None) -> None:
            nonlocal told
            now = self._clock()
            if now - told < EVERY_SECONDS:
                return
            told = now
            of = f" of {total:,}" if total else ""
            console.print(f"{name}: {records:,}{of} read, {records / (now - began):,.0f} a second")

        return step

    def end(self, name: str, records: int, words: str) -> None:
        console.print(f"{name}: {words}", soft_wrap=True)
