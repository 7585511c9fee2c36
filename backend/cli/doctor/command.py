"""`satchel doctor`: look at everything this installation rests on, and say what is wrong and what to do."""

import datetime as dt
import os
import tempfile
from collections.abc import Callable, Iterator

import click
import redis
from rich.table import Table
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from backend.cli.context import console, engine_of, load_settings
from backend.cli.doctor.alerts import examine_alerts
from backend.cli.doctor.delivery import examine_delivery
from backend.cli.doctor.finding import BAD, GOOD, WARN, Finding
from backend.cli.doctor.ingest import examine_ingest
from backend.cli.doctor.metrics import examine_metrics
from backend.cli.doctor.replica import examine_replica
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
@click.option("--settings", "list_settings", is_flag=True, help="Also list every setting and its value.")
def doctor(list_settings: bool) -> None:
    """Check settings, database, Redis and the ERP. Ends with 1 if something is wrong."""
    findings = list(_examine())
    table = Table("", "what", "finding", "what to do", show_lines=False)
    for finding in findings:
        table.add_row(*finding)
    console.print(table)
    if list_settings:
        listing = Table("variable", "default", "meaning", "set to")
        for setting in declared_settings(Settings):
            name = variable(PREFIX, setting.name)
            listing.add_row(name, setting.default, setting.help, "(set)" if name in os.environ else "")
        console.print(listing)
    if any(finding.verdict == BAD for finding in findings):
        raise SystemExit(1)


def _examine() -> Iterator[Finding]:
    try:
        settings = load_settings()
    except SettingError as error:
        yield Finding(BAD, "settings", str(error), "correct the variable")
        return
    where = "embedded" if settings.embedded else "PostgreSQL"
    yield Finding(GOOD, "settings", f"{where}, connector {settings.connector}")
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
            yield Finding(GOOD, "folder", str(settings.folder))
    except OSError as error:
        yield Finding(
            BAD, "folder", f"{settings.folder}: {error.strerror}", "make it writable, or set SATCHEL_FOLDER"
        )


def _segments(settings: Settings) -> Iterator[Finding]:
    if not settings.segment_rows:
        yield Finding(GOOD, "segments", "none: SATCHEL_SEGMENT_ROWS is 0")
        return
    try:
        yield Finding(GOOD, "segments", f"kept in {make_store(settings).check()}")
    except StoreFailed as error:
        yield Finding(
            BAD,
            "segments",
            str(error),
            "make it writable, or correct SATCHEL_SEGMENT_STORE; until then phones get rows",
        )


def _database(settings: Settings) -> Iterator[Finding]:
    try:
        with engine_of(settings) as engine, engine.connect() as connection:
            revision = current(connection)
            if revision != newest():
                yield Finding(
                    BAD,
                    "database",
                    f"schema is at {revision or 'nothing'}, not {newest()}",
                    "run `satchel init`",
                )
                return
            session = Session(connection)
            head = positions.head(session)
            yield Finding(
                GOOD, "database", f"{engine.dialect.name}, epoch {head.epoch}, position {head.position}"
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
        yield Finding(BAD, "database", reason, "check SATCHEL_DATABASE_URL and that the server runs")


def _durability(session: Session) -> Iterator[Finding]:
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        value = session.execute(text(f"SHOW {name}")).scalar_one()
        if value == "off":
            yield Finding(
                WARN,
                "durability",
                f"PostgreSQL has {name} off",
                "switch it on: an acknowledged order could be lost",
            )


def _backlog(session: Session) -> Iterator[Finding]:
    rows = session.execute(select(Submission.state, func.count()).group_by(Submission.state))
    counts = {state: count for state, count in rows}  # noqa: C416 - rows are no plain tuples to a type checker
    words = ", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "no submissions yet"
    if counts.get("parked"):
        yield Finding(WARN, "submissions", words, "`satchel parked list`")
    else:
        yield Finding(GOOD, "submissions", words)


def _replicas(session: Session) -> Iterator[Finding]:
    count, devices = mismatches.count_since(session, SystemClock().now() - dt.timedelta(days=1))
    if count:
        words = f"differed from the feed in {count} streams on {devices} devices since yesterday"
        yield Finding(WARN, "replicas", words, "they were mended; `satchel feed mismatches` shows by which app")
    else:
        yield Finding(GOOD, "replicas", "none differed from the feed since yesterday")


def _redis(settings: Settings) -> Iterator[Finding]:
    if not settings.redis_url:
        yield Finding(GOOD, "redis", f"none: the worker looks every {settings.poll_seconds:g} s")
        return
    try:
        client = redis.Redis.from_url(settings.redis_url, socket_timeout=3, socket_connect_timeout=3)
        version = client.info("server")["redis_version"]
        client.close()
        yield Finding(GOOD, "redis", f"version {version}")
    except (redis.RedisError, ValueError) as error:
        yield Finding(
            WARN,
            "redis",
            str(error),
            "check SATCHEL_REDIS_URL; until then the worker polls, and nothing is lost",
        )


def _erp(settings: Settings) -> Iterator[Finding]:
    try:
        connector = connect(settings.connector, settings.erp)
    except ConnectorMissing as error:
        yield Finding(BAD, "ERP", str(error), "correct SATCHEL_CONNECTOR and the SATCHEL_ERP_… settings")
        return
    try:
        health = connector.check()
        for problem in health.problems:
            yield Finding(BAD, "ERP", problem)
        if health.ok:
            capabilities = connector.capabilities()
            yield Finding(
                GOOD,
                "ERP",
                f"{connector.name} {health.version}: reads {len(capabilities.collections)} collections, "
                f"takes {', '.join(sorted(capabilities.kinds))}",
            )
            for note in (*health.notes, *capabilities.notes):
                yield Finding(WARN, "ERP", note)
            if (words := short_lease(capabilities, settings)) is not None:
                yield Finding(WARN, "lease", words)
    except ErpError as error:
        yield Finding(BAD, "ERP", error.message, "check the SATCHEL_ERP_… settings and that the ERP runs")
    finally:
        connector.close()
