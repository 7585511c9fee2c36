"""What most commands need: the console, the settings, and the database."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session, sessionmaker

from backend.database.core import engine_options, prepare
from backend.migrations.tables import import_tables
from backend.settings import Settings, read_settings

console = Console()
errors = Console(stderr=True)


def load_settings() -> Settings:
    """Return the settings from the environment variables; raises `SettingError`."""
    return read_settings(os.environ)


@contextmanager
def engine_of(settings: Settings) -> Iterator[Engine]:
    """Yield an engine for the database, and close its connections afterwards."""
    if settings.embedded:
        settings.folder.mkdir(parents=True, exist_ok=True)
    import_tables()
    engine = create_engine(settings.database_url, **engine_options(settings.database_url))
    prepare(engine)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def transaction(settings: Settings) -> Iterator[Session]:
    """Yield a session in a transaction, which is committed at the end, or rolled back on an error."""
    with (
        engine_of(settings) as engine,
        sessionmaker(engine, expire_on_commit=False)() as session,
        session.begin(),
    ):
        yield session
