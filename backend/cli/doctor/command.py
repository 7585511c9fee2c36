"""`satchel doctor`: check everything that this installation depends on, and say what to do."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator

import click
from rich.text import Text
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from backend.cli.context import engine_of, load_settings
from backend.cli.doctor.alerts import examine_alerts
from backend.cli.doctor.delivery import examine_delivery
from backend.cli.doctor.exposure import examine_audit, examine_connections, examine_files
from backend.cli.doctor.feed import examine_feed
from backend.cli.doctor.finding import ERROR, OK, STYLES, WARNING, Finding
from backend.cli.doctor.identity import examine_identity
from backend.cli.doctor.ingest import examine_ingest
from backend.cli.doctor.price_limits import examine_price_limits
from backend.cli.doctor.standby import examine_standby
from backend.cli.doctor.worker import examine_workers
from backend.cli.tables import print_table
from backend.clock import SystemClock
from backend.delivery.short_lease import short_lease
from backend.erp.errors import ErpError
from backend.erp.port import ConnectorMissing, connect
from backend.feed import positions
from backend.files import DISK_FULL, make_private_folder
from backend.inbox.models import Submission
from backend.migrations.revision import schema_difference
from backend.settings import PREFIX, SettingError, Settings
from backend.settings.declaration import declared_settings, variable
from backend.sync.segments.store import StoreFailed
from backend.sync.segments.store_factory import make_store

LEAST_FREE = 256 << 20
"""Bytes; below it, a day of receipts may fill the disk."""


@click.command()
@click.option(
    "--settings", "list_settings", is_flag=True, help="Also list every setting and whether it is set."
)
def doctor(list_settings: bool) -> None:
    """Check the settings, the database, Redis and the ERP. Exits with status 1 if there is an error."""
    findings = list(_examine())
    print_table(
        findings,
        {
            "status": lambda finding: Text(finding.status, style=STYLES[finding.status]),
            "subject": lambda finding: finding.subject,
            "finding": lambda finding: finding.message,
            "what to do": lambda finding: finding.advice,
        },
    )
    if list_settings:
        print_table(
            declared_settings(Settings),
            {
                "variable": lambda setting: variable(PREFIX, setting.name),
                "default": lambda setting: setting.default,
                "meaning": lambda setting: setting.help,
                "": lambda setting: "set" if variable(PREFIX, setting.name) in os.environ else "",
            },
        )
    if any(finding.status == ERROR for finding in findings):
        raise SystemExit(1)


def _examine() -> Iterator[Finding]:
    try:
        settings = load_settings()
    except SettingError as error:
        yield Finding(ERROR, "settings", str(error), "correct the variable")
        return
    database = "SQLite" if settings.embedded else "PostgreSQL"
    yield Finding(OK, "settings", f"database {database}, connector {settings.connector}")
    checks: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
        _folder,
        examine_files,
        examine_connections,
        _database,
        _segments,
        _redis,
        _metrics,
        _erp,
    )
    for check in checks:
        yield from check(settings)


def _folder(settings: Settings) -> Iterator[Finding]:
    try:
        make_private_folder(settings.folder)
        with tempfile.TemporaryFile(dir=settings.folder) as file:
            file.write(b"x" * 4096)
            file.flush()
        free = shutil.disk_usage(settings.folder).free
        if free < LEAST_FREE:
            message = f"{settings.folder}: {free // 2**20:,} MiB are free"
            yield Finding(WARNING, "folder", message, "free disk space: on a full disk nothing is accepted")
        else:
            yield Finding(OK, "folder", str(settings.folder))
    except OSError as error:
        yield Finding(
            ERROR,
            "folder",
            f"{settings.folder}: {error.strerror}",
            "free disk space" if error.errno in DISK_FULL else "make it writable, or set SATCHEL_FOLDER",
        )


def _segments(settings: Settings) -> Iterator[Finding]:
    if not settings.segment_rows:
        yield Finding(OK, "segments", "none: SATCHEL_SEGMENT_ROWS is 0")
        return
    try:
        yield Finding(OK, "segments", f"stored in {make_store(settings).check()}")
    except StoreFailed as error:
        yield Finding(
            ERROR,
            "segments",
            str(error),
            "make it writable, or correct SATCHEL_SEGMENT_STORE; until then phones download rows instead",
        )


def _database(settings: Settings) -> Iterator[Finding]:
    try:
        with engine_of(settings, any_schema=True) as engine, engine.connect() as connection:
            difference = schema_difference(connection)
            if difference is not None:
                message, _, advice = difference.partition("; ")
                yield Finding(ERROR, "database", message, advice)
                return
            session = Session(connection)
            head = positions.head(session)
            yield Finding(
                OK, "database", f"{engine.dialect.name}, epoch {head.epoch}, position {head.position}"
            )
            if engine.dialect.name == "postgresql":
                yield from _durability(session)
            if settings.standby_url:
                yield from examine_standby(settings.standby_url, head)
            yield from _backlog(session)
            yield from examine_delivery(session, SystemClock().now())
            yield from examine_identity(session)
            yield from examine_ingest(session)
            yield from examine_feed(session, SystemClock().now())
            yield from examine_price_limits(session)
            yield from examine_alerts(settings, session)
            yield from examine_audit(session)
            yield from examine_workers(settings, session, SystemClock().now())
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        yield Finding(ERROR, "database", reason, "check SATCHEL_DATABASE_URL, and that the server runs")


def _durability(session: Session) -> Iterator[Finding]:
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        value = session.execute(text(f"SHOW {name}")).scalar_one()
        if value == "off":
            yield Finding(
                WARNING,
                "durability",
                f"PostgreSQL has {name} off",
                "turn it on: without it, a crash can lose an acknowledged order",
            )


def _backlog(session: Session) -> Iterator[Finding]:
    rows = session.execute(select(Submission.state, func.count().label("documents")).group_by(Submission.state))
    counts = {row.state: row.documents for row in rows}
    message = ", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "no submissions yet"
    if counts.get("parked"):
        yield Finding(WARNING, "submissions", message, "`satchel parked list`")
    else:
        yield Finding(OK, "submissions", message)


def _redis(settings: Settings) -> Iterator[Finding]:
    if not settings.redis_url:
        yield Finding(OK, "redis", f"none: the worker polls every {settings.poll_seconds:g} s")
        return
    from backend.cli.doctor.redis_server import examine_redis

    yield from examine_redis(settings.redis_url)


def _metrics(settings: Settings) -> Iterator[Finding]:
    """Yield the findings about metrics. No other function depends on metrics."""
    if not settings.metrics_address:
        yield Finding(OK, "metrics", "none: SATCHEL_METRICS_ADDRESS is empty")
        return
    from backend.cli.doctor.metrics import examine_metrics

    yield from examine_metrics(settings)


def _erp(settings: Settings) -> Iterator[Finding]:
    try:
        connector = connect(settings.connector, settings.erp)
    except ConnectorMissing as error:
        yield Finding(ERROR, "ERP", str(error), "correct SATCHEL_CONNECTOR and the SATCHEL_ERP_… settings")
        return
    try:
        health = connector.check()
        for problem in health.problems:
            yield Finding(ERROR, "ERP", problem)
        if health.ok:
            capabilities = connector.capabilities()
            yield Finding(
                OK,
                "ERP",
                f"{connector.name} {health.version}: reads {len(capabilities.collections)} collections, "
                f"accepts {', '.join(sorted(capabilities.kinds))}",
            )
            for note in (*health.notes, *capabilities.notes):
                yield Finding(WARNING, "ERP", note)
            if (message := short_lease(capabilities, settings)) is not None:
                yield Finding(WARNING, "lease", message)
    except ErpError as error:
        yield Finding(ERROR, "ERP", error.message, "check the SATCHEL_ERP_… settings, and that the ERP runs")
    finally:
        connector.close()
