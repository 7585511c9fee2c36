"""A SQLite database belongs to one node: a second node refuses to start.

Separate from `serve`, because this rule is about the database and not about processes.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from backend.cli.refusal import CannotRun
from backend.file_lock import try_lock
from backend.permissions import create_folder
from backend.settings import Settings


@contextmanager
def one_node_only(settings: Settings, part: str) -> Iterator[None]:
    """Hold a lock on the folder for *part* (node, web or worker) while the block runs.

    With PostgreSQL any number of nodes may run, so there is no lock. Raises `CannotRun` if it is held.
    """
    if not settings.embedded:
        yield
        return
    create_folder(settings)
    with (settings.folder / f"{part}.lock").open("a+") as lock:
        if not try_lock(lock):
            lock.seek(0)
            raise CannotRun(
                f"another Satchel (process {lock.read().strip() or 'unknown'}) uses {settings.folder}. "
                "A SQLite database can have one node only: stop the other, or set SATCHEL_DATABASE_URL"
            )
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
