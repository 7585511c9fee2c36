"""What most commands need: the console, the settings, and the database."""

import getpass
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.orm import Session, sessionmaker

from backend.cli.refusal import CannotRun
from backend.cli.sample_settings import with_sample
from backend.clock import SystemClock
from backend.database.core import engine_options, prepare
from backend.identity.audit import record
from backend.migrations.revision import schema_difference
from backend.migrations.tables import import_tables
from backend.settings import Settings, read_settings

# Without emoji: `:CD:` in a fingerprint, an address or a reason would be printed as a picture.
console = Console(emoji=False)
errors = Console(emoji=False, stderr=True)


def local_user() -> str:
    """Return who runs this command, for the audit trail."""
    return f"user:{getpass.getuser()}"


def load_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings from the variables in *environ*, completed by those of the sample company if it runs
    here; raises `SettingError`."""
    settings = read_settings(environ)
    completed = with_sample(settings.folder, environ)
    return settings if completed == dict(environ) else read_settings(completed)


@contextmanager
def engine_of(settings: Settings, *, any_schema: bool = False) -> Iterator[Engine]:
    """Yield an engine for the database, and close its connections afterwards.

    Raises `CannotRun` if the database is not set up or has another schema; with *any_schema* this is not
    checked, and an embedded database is created if it does not exist.
    """
    if (
        settings.embedded
        and not any_schema
        and not Path(make_url(settings.database_url).database or "").is_file()
    ):
        raise CannotRun(f"there is no database in {settings.folder} yet; run `satchel init`")
    import_tables()
    engine = create_engine(settings.database_url, **engine_options(settings.database_url))
    prepare(engine)
    try:
        if not any_schema:
            require_newest(engine)
        yield engine
    finally:
        engine.dispose()


def require_newest(engine: Engine) -> None:
    """Raise `CannotRun` unless the schema is the one of this program."""
    with engine.connect() as connection:
        difference = schema_difference(connection)
    if difference is not None:
        raise CannotRun(difference)


@contextmanager
def transaction(settings: Settings) -> Iterator[Session]:
    """Yield a session in a transaction, which is committed at the end, or rolled back on an error."""
    with (
        engine_of(settings) as engine,
        sessionmaker(engine, expire_on_commit=False)() as session,
        session.begin(),
    ):
        yield session


@contextmanager
def audited(action: str, subject: str, **detail: object) -> Iterator[Session]:
    """Yield a session; at the end write *action* to the audit trail and commit."""
    with transaction(load_settings()) as session:
        yield session
        note(session, action, subject, **detail)


def note(session: Session, action: str, subject: str, **detail: object) -> None:
    """Write into the audit trail what this command's user does."""
    record(
        session, actor=local_user(), action=action, subject=subject, detail=detail, now=SystemClock().now()
    )  # fmt: skip
