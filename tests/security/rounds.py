"""Rounds of hostile requests by seed, each against an installation of its own; a failure is an exception."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from backend.settings import Settings, read_settings
from tests.security.company import Attacked, attacked
from tests.security.hostile_requests import play
from tests.security.schema_search import Search, search


class RoundFailed(AssertionError):
    """A request of the round was answered wrongly; the text has each with its seed and step."""


@contextmanager
def silent_logs() -> Iterator[None]:
    """Write no log while the block runs: nearly every request of a round is refused, and each is a line."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def settings_in(folder: Path, database_url: str | None = None) -> Settings:
    """Return settings on *folder*, and on the database at *database_url* (None: SQLite in the folder)."""
    urls = {"SATCHEL_DATABASE_URL": database_url} if database_url else {}
    return read_settings({"SATCHEL_FOLDER": str(folder / "instance"), **urls})


def hostile_round(seed: int, number: int, database_url: str | None = None) -> Attacked:
    """Send *number* hostile requests drawn from *seed* to a new installation; raises `RoundFailed`.

    The database at *database_url* must be empty.
    """
    with (
        TemporaryDirectory(prefix="satchel-hostile-") as folder,
        silent_logs(),
        attacked(settings_in(Path(folder), database_url)) as target,
    ):
        wrong = play(target, seed, number)
        if wrong or target.server_errors:
            raise RoundFailed("\n".join(wrong))
        return target


def schema_round(seed: int, examples: int, seconds: int | None = None) -> Search:
    """Run Schemathesis on a new installation, as `search` says; raises `RoundFailed`."""
    with (
        TemporaryDirectory(prefix="satchel-schema-") as folder,
        silent_logs(),
        attacked(settings_in(Path(folder))) as target,
    ):
        result = search(target, seed, examples, seconds)
        if result.failures or target.server_errors:
            raise RoundFailed("\n\n".join(result.failures[:20]) or f"{target.statuses}")
        return result
