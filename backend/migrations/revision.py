"""The revision of a database's schema, beside the newest that this program knows.

The names of the migrations' files say which revisions exist, so that web, worker and most commands start
without Alembic, which takes a quarter of a second to import.
"""

from functools import cache
from pathlib import Path

from sqlalchemy import Connection, inspect, text

VERSIONS = Path(__file__).parent / "versions"


@cache
def known() -> tuple[str, ...]:
    """Return the revisions that this program knows, oldest first.

    Each file of a migration begins with its revision, and each migration follows the one before.
    """
    return tuple(sorted(path.name.partition("_")[0] for path in VERSIONS.glob("[0-9]*_*.py")))


def newest() -> str:
    """Return the newest revision that this program knows."""
    return known()[-1]


def current(connection: Connection) -> str | None:
    """Return the revision of the database, or None if it has none of our tables yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def schema_difference(connection: Connection) -> str | None:
    """Return a sentence with what to do if the schema is not the newest that this program knows, else None."""
    revision = current(connection)
    if revision == newest():
        return None
    if revision is None:
        return "the database is not set up; run `satchel init`"
    if revision in known():
        return f"the database is at revision {revision}, not {newest()}; run `satchel init`"
    return (
        f"the database is at revision {revision}, which this program does not know; install the newer Satchel"
        " that upgraded it"
    )
