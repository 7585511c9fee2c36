"""The embedded database belongs to one node: a second one refuses to start."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

import click

from backend.settings import Settings


@contextmanager
def one_node_only(settings: Settings, part: str) -> Iterator[None]:
    """Hold the folder's lock for *part* while it runs; PostgreSQL needs none and gets none."""
    if not settings.embedded:
        yield
        return
    settings.folder.mkdir(parents=True, exist_ok=True)
    with (settings.folder / f"{part}.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise click.ClickException(
                f"another Satchel (process {lock.read().strip() or 'unknown'}) uses {settings.folder}; "
                "the embedded database takes one node. Stop it, or set SATCHEL_DATABASE_URL to PostgreSQL."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
