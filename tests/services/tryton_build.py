"""Builds the sample company: initialise Tryton, load, dump. Takes a minute and a half on two cores."""

import os
import subprocess
from pathlib import Path
from typing import Any

from psycopg import sql

from tests.services.postgres import SUPERUSER, PostgresServer
from tests.services.process import ServiceFailed, tail
from tests.services.tryton_config import ADMIN_PASSWORD, CONNECTOR_PASSWORD, MODULES, write_config

LOADER = Path(__file__).with_name("tryton_loader")
COMMAND_SECONDS = 900


def build(postgres: PostgresServer, venv: Path, scratch: Path, database: str, dump: Path) -> str:
    """Make `dump` with the help of a temporary `database`; return the loader's JSON.

    `scratch` is a folder for configuration and log.
    """
    postgres.drop_database(database)
    postgres.create_database(database)
    _use_real_exclusion_constraints(postgres, database)
    config, log = write_config(scratch, postgres), scratch / "tryton-build.log"
    password = scratch / "admin-password"
    password.write_text(ADMIN_PASSWORD)
    admin = [
        venv / "bin" / "trytond-admin", "-c", config, "-d", database,
        "--activate-dependencies", "-l", "en", "--email", "admin@example.com",
    ]  # fmt: skip
    # In two steps: all of a step happens in one transaction, and without statistics from the
    # first, PostgreSQL reads its own catalogue so badly that it takes half as long again.
    for modules in (("ir", "res"), MODULES):
        run([*admin, "-u", *modules], log, TRYTONPASSFILE=str(password))
        postgres.execute(sql.SQL("ANALYZE"), database)
    loader = [venv / "bin" / "python", LOADER, "--config", config, "--database", database]
    summary = run([*loader, "--connector-password", CONNECTOR_PASSWORD], log)
    run([postgres.bin / "pg_dump", *login(postgres), "-Fc", "-Z1", "-f", dump, database], log)
    postgres.drop_database(database)
    return summary


def _use_real_exclusion_constraints(postgres: PostgresServer, database: str) -> None:
    """With this extension "done forecasts do not overlap" is kept by the database itself.

    Where it is missing (the wheel's PostgreSQL), Tryton checks in Python, locking the table.
    """
    if_available = (
        "DO $$ BEGIN IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'btree_gist') "
        "THEN CREATE EXTENSION btree_gist; END IF; END $$"
    )
    postgres.execute(sql.SQL(if_available), database)


def login(postgres: PostgresServer) -> list[str]:
    """Return the options with which PostgreSQL's own programs find the server."""
    return ["-h", "127.0.0.1", "-p", str(postgres.port), "-U", SUPERUSER]


def run(command: list[Any], log: Path, **environment: str) -> str:
    """Run it to its end, with errors into `log`; return its output. Raises `ServiceFailed` with the log's
    end."""
    with log.open("a") as errors:
        result = subprocess.run(
            [str(part) for part in command],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
            env={**os.environ, **environment},
        )
    if result.returncode:
        raise ServiceFailed(f"{command[0]} ended with {result.returncode}.\n{tail(log)}")
    return result.stdout
