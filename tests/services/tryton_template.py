"""The filled sample company as a template: made once, copied in seconds.

Three places, fastest first: a database in the running server, a dump in `.cache/tryton`,
and making it from nothing (minutes). Each is named by a fingerprint of everything that
goes into it, so that a stale one is never taken for the right one.
"""

import datetime as dt
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg import sql

from tests.services.file_lock import file_lock
from tests.services.postgres import PostgresServer
from tests.services.tryton_build import LOADER, build, login, run
from tests.services.tryton_config import MODULES
from tests.services.tryton_install import CACHE, LOCK, MODULE, fingerprint


@dataclass(frozen=True)
class Template:
    """A database to copy, and its contents (the loader's JSON)."""

    database: str
    summary: dict[str, Any]


def ensure_template(postgres: PostgresServer, venv: Path, scratch: Path) -> Template:
    """Return the template in this server; make or restore it if it is missing."""
    name = f"tryton_{_fingerprint(postgres)[:16]}"
    making, dump, summary = f"{name}_making", CACHE / f"{name}.dump", CACHE / f"{name}.json"
    with file_lock(CACHE / "template.lock"):
        if not (dump.exists() and summary.exists()):
            half = dump.with_suffix(".half")
            summary.write_text(build(postgres, venv, scratch, making, half))
            # renamed last, so that an incomplete dump is never used
            half.replace(dump)
        if name not in postgres.databases():
            _restore(postgres, making, dump, name)
    return Template(name, json.loads(summary.read_text()))


def _fingerprint(postgres: PostgresServer) -> str:
    # A dump of a newer PostgreSQL cannot be read by an older one. And the year: the sample's
    # fiscal years are those around the day it was made.
    version = [postgres.bin / "postgres", "--version"]
    printed = subprocess.run(version, capture_output=True, text=True, check=True).stdout
    year = dt.datetime.now(dt.UTC).year
    return fingerprint([LOCK, MODULE, LOADER], printed, str(year), *MODULES)


def _restore(postgres: PostgresServer, making: str, dump: Path, name: str) -> None:
    postgres.drop_database(making)
    postgres.create_database(making)
    log = postgres.folder / "tryton-restore.log"
    run([postgres.bin / "pg_restore", *login(postgres), "-j2", "--no-owner", "-d", making, dump], log)
    for statement in (
        # Tryton opens every database that is not marked as a template, and an open database cannot be copied
        "ALTER DATABASE {making} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false",
        # renamed last, so that an incomplete template is never used
        "ALTER DATABASE {making} RENAME TO {name}",
    ):
        names = {"making": sql.Identifier(making), "name": sql.Identifier(name)}
        postgres.execute(sql.SQL(statement).format(**names))
