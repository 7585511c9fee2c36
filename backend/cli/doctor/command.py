"""`satchel doctor`: check everything that this installation depends on, and say what to do."""

import datetime as dt
import os
import tempfile
from collections.abc import Callable, Iterator

import click
import redis
from rich.text import Text
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from backend.cli.context import engine_of, load_settings
from backend.cli.doctor.alerts import examine_alerts
from backend.cli.doctor.delivery import examine_delivery
from backend.cli.doctor.finding import ERROR, OK, STYLES, WARNING, Finding
from backend.cli.doctor.ingest import examine_ingest
from backend.cli.doctor.metrics import examine_metrics
from backend.cli.doctor.replica import examine_replica
from backend.cli.tables import print_table
from backend.clock import SystemClock
from backend.delivery.connector_profile import short_lease
from backend.erp.errors import ErpError
from backend.erp.port import ConnectorMissing, connect
from backend.feed import mismatches, positions
from backend.inbox.models import Submission
from backend.migrations.upgrade import current, newest
from backend.settings import PREFIX, SettingError, Settings
from backend.settings.declaration import declared_settings, variable
from backend.sync.segments.factory import make_store
from backend.sync.segments.store import StoreFailed


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
            "": lambda finding: Text(finding.verdict, style=STYLES[finding.verdict]),
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
    if any(finding.verdict == ERROR for finding in findings):
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
        _database,
        _segments,
        _redis,
        examine_metrics,
        _erp,
    )
    for check in checks:
        yield from check(settings)


def _folder(settings: Settings) -> Iterator[Finding]:
    try:
        settings.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.folder):
            yield Finding(OK, "folder", str(settings.folder))
    except OSError as error:
        yield Finding(
            ERROR, "folder", f"{settings.folder}: {error.strerror}", "make it writable, or set SATCHEL_FOLDER"
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
        with engine_of(settings) as engine, engine.connect() as connection:
            revision = current(connection)
            if revision != newest():
                yield Finding(
                    ERROR,
                    "database",
                    f"the schema is at revision {revision or 'none'}, not {newest()}",
                    "run `satchel init`",
                )
                return
            session = Session(connection)
            head = positions.head(session)
            yield Finding(
                OK, "database", f"{engine.dialect.name}, epoch {head.epoch}, position {head.position}"
            )
            if engine.dialect.name == "postgresql":
                yield from _durability(session)
            if settings.replica_url:
                yield from examine_replica(settings.replica_url, head)
            yield from _backlog(session)
            yield from examine_delivery(session, SystemClock().now())
            yield from examine_ingest(session)
            yield from _replicas(session)
            yield from examine_alerts(settings, session)
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
    rows = session.execute(select(Submission.state, func.count()).group_by(Submission.state))
    counts = {state: count for state, count in rows}  # noqa: C416 - a type checker does not see rows as tuples
    message = ", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "no submissions yet"
    if counts.get("parked"):
        yield Finding(WARNING, "submissions", message, "`satchel parked list`")
    else:
        yield Finding(OK, "submissions", message)


def _replicas(session: Session) -> Iterator[Finding]:
    count, devices = mismatches.count_since(session, SystemClock().now() - dt.timedelta(days=1))
    if count:
        message = f"{count} streams on {devices} devices differed from the feed in the last 24 hours"
        advice = "they were repaired; `satchel feed mismatches` shows the app versions"
        yield Finding(WARNING, "replicas", message, advice)
    else:
        yield Finding(OK, "replicas", "none differed from the feed in the last 24 hours")


def _redis(settings: Settings) -> Iterator[Finding]:
    if not settings.redis_url:
        yield Finding(OK, "redis", f"none: the worker polls every {settings.poll_seconds:g} s")
        return
    try:
        client = redis.Redis.from_url(settings.redis_url, socket_timeout=3, socket_connect_timeout=3)
        version = client.info("server")["redis_version"]
        client.close()
        yield Finding(OK, "redis", f"version {version}")
    except (redis.RedisError, ValueError) as error:
        yield Finding(
            WARNING,
            "redis",
            str(error),
            "check SATCHEL_REDIS_URL; until then the worker polls, and nothing is lost",
        )


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
