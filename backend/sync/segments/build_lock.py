"""The build lock: one builder at a time per installation. It is tried and never waited for."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sqlalchemy import Connection

from backend.database.core import Sessions
from backend.database.locks import connection_lock
from backend.file_lock import try_lock
from backend.files import make_private_folder
from backend.sync.segments.store import StoreFailed


@contextmanager
def build_lock(sessions: Sessions, folder: Path) -> Iterator[bool]:
    """Hold the build lock while the block runs; yield False if another builder holds it.

    On PostgreSQL it is an advisory lock of a separate connection, which ends with the connection. On SQLite,
    where web and worker are processes of one node, it is a lock on a file in *folder*. Both end with their
    process. Raises `StoreFailed` if that file cannot be created.
    """
    with sessions() as session:
        bind = session.get_bind()
    engine = bind.engine if isinstance(bind, Connection) else bind
    if engine.dialect.name == "postgresql":
        with connection_lock(engine, "segments") as acquired:
            yield acquired
    else:
        yield from _on_this_node(folder)


def _on_this_node(folder: Path) -> Iterator[bool]:
    with _lock_file(folder) as file:
        yield try_lock(file)


def _lock_file(folder: Path) -> IO[str]:
    try:
        make_private_folder(folder)
        return (folder / "segments.lock").open("a")
    except OSError as error:
        raise StoreFailed(f"{folder}: {error.strerror}") from error
