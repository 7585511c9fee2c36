"""The upgrade of a database to the newest schema, by Alembic."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

from backend.database.locks import advisory_lock
from backend.feed.positions import ensure_head
from backend.migrations.revision import current, newest


def upgrade(engine: Engine) -> tuple[str | None, str]:
    """Upgrade the database to the newest revision; return the revisions before and after.

    Several nodes may run it at the same time: the first one upgrades, the others wait.
    """
    with engine.connect() as connection:
        advisory_lock(connection, "migrations")
        before = current(connection)
        command.upgrade(_config(connection), "head")
        with Session(connection) as session:
            ensure_head(session)
            session.flush()
        connection.commit()
    return before, newest()


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
