"""The sample ERP's loop: import, reply, simulate, export, until it is told to stop."""

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from backend.clock import Clock, SystemClock
from backend.connectors.flatfile.layout import Layout
from backend.sample_erp.database import SampleDatabase
from backend.sample_erp.documents import take_up
from backend.sample_erp.export import write_export
from backend.sample_erp.replies import write_all
from backend.sample_erp.seed import create_company
from backend.sample_erp.simulation import run_round

DATABASE_FILE = "sample_erp.sqlite"
BANNER = "sample ERP: plays the ERP of a sample company"
LOOK_SECONDS = 1.0
ROUND_SECONDS = 10.0

Say = Callable[[str], None]


def run(
    folder: Path | str,
    *,
    seed: int = 1,
    once: bool = False,
    speed: float = 1.0,
    hold: bool = False,
    stop: threading.Event | None = None,
    say: Say = lambda line: None,
    clock: Clock | None = None,
) -> None:
    """Run the ERP over *folder*, which is created if missing, until *stop* is set.

    Documents are looked for every second; the simulation runs a step, and exports it, every ten seconds divided
    by *speed*. With *once* there is one round of each. *hold* holds every order that comes in. Killed at any
    moment, it continues from its database.
    """
    clock = clock or SystemClock()
    stop = stop or threading.Event()
    with opened(folder, seed, clock) as (layout, db):
        say(f"{BANNER}, over {layout.folder}")
        since = ROUND_SECONDS
        while True:
            now = clock.now()
            due = since >= ROUND_SECONDS
            busy = _receive(layout, db, now, hold, say)
            if due:
                since = 0.0
                for line in run_round(db, now.date()):
                    say(line)
                busy += write_all(layout, db, now)
            if (due or busy) and (name := write_export(layout, db, now)):
                say(f"exported {name}")
            if once or stop.wait(LOOK_SECONDS / max(speed, 1.0)):
                return
            since += LOOK_SECONDS * min(speed, 1.0)


@contextmanager
def opened(
    folder: Path | str, seed: int = 1, clock: Clock | None = None
) -> Iterator[tuple[Layout, SampleDatabase]]:
    """Open the folder and its database; create the company if there is none."""
    layout = Layout(Path(folder).expanduser().absolute())
    layout.make()
    db = SampleDatabase(layout.folder / DATABASE_FILE)
    try:
        create_company(db, seed, (clock or SystemClock()).now().date())
        yield layout, db
    finally:
        db.close()


def _receive(layout: Layout, db: SampleDatabase, now: dt.datetime, hold: bool, say: Say) -> int:
    lines = take_up(layout, db, hold=hold)
    for line in lines:
        say(line)
    return len(lines) + write_all(layout, db, now)
