"""A real promotion: a primary, a standby fed by streaming, the stream cut, the primary dead.

Several companies share the two servers, so that one promotion serves several tests.
"""

import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import select

from backend.db import Sessions
from backend.feed import positions
from backend.feed.models import FeedRow
from tests.conftest import prepared
from tests.services.postgres import SUPERUSER, PostgresServer
from tests.sync.company import customer, reps, say
from tests.sync.replica import Replica

SECONDS = 30.0
Weaken = Callable[[pytest.MonkeyPatch], None]


@dataclass
class Company:
    """One database of both servers, and a device that has seen the tail which the standby lacks."""

    sessions: Sessions
    device: Replica
    epoch: str
    issued: dict[int, Any]
    """What the primary said at each position."""


@contextmanager
def promoted(folder: Path, companies: Mapping[str, Weaken]) -> Iterator[dict[str, Company]]:
    """Play the history up to the promotion, each company under its own weakening."""
    primary, standby = PostgresServer(folder / "primary"), PostgresServer(folder / "standby")
    with ExitStack() as stack:
        for server in (standby, primary):
            stack.callback(server.remove)
        primary.start()
        played = {name: _begin(primary.create_database(name), weaken) for name, weaken in companies.items()}
        _clone(primary, standby)
        _wait(lambda: _caught_up(primary, standby), "catch up")
        _cut(standby)
        for name, weaken in companies.items():
            _tail(played[name], weaken)
        primary.kill()
        standby.execute(sql.SQL(f"SELECT pg_promote(true, {SECONDS:.0f})"))
        for name, company in played.items():
            company.sessions = prepared(standby.url(name))
            stack.callback(company.sessions.kw["bind"].dispose)  # type: ignore[attr-defined]
        yield played


def issued(sessions: Sessions) -> dict[int, Any]:
    """Return what the feed says at each position."""
    with sessions() as session:
        rows = session.execute(select(FeedRow.position, FeedRow.key, FeedRow.body))
        return {row.position: (row.key, row.body) for row in rows}


def _begin(url: str, weaken: Weaken) -> Company:
    with pytest.MonkeyPatch.context() as monkeypatch:
        weaken(monkeypatch)
        sessions = prepared(url)
        reps(sessions)
        say(sessions, customer("K", "NW"))
    with sessions() as session:
        epoch = positions.head(session).epoch
    return Company(sessions, Replica(sessions, "R1").sync(), epoch, {})


def _tail(company: Company, weaken: Weaken) -> None:
    """Publish what only the primary and the device will ever know."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        weaken(monkeypatch)
        for n in range(5):
            say(company.sessions, customer("K", "NW", name=f"Of the lost tail {n}"), customer(f"LOST{n}", "NW"))
    company.device.sync()
    company.issued = issued(company.sessions)
    company.sessions.kw["bind"].dispose()  # type: ignore[attr-defined]


def _clone(primary: PostgresServer, standby: PostgresServer) -> None:
    """Make *standby* a streaming standby of *primary*, and start it."""
    standby.folder.mkdir(parents=True)
    data = standby._data_folder()
    command = [
        primary.bin / "pg_basebackup", "-h", "127.0.0.1", "-p", str(primary.port), "-U", SUPERUSER,
        "-D", data, "--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, timeout=60, check=False, **standby._identity.arguments)
    assert done.returncode == 0, done.stderr.decode()
    standby.start()


def _cut(standby: PostgresServer) -> None:
    standby.execute(sql.SQL("ALTER SYSTEM SET primary_conninfo = ''"))
    standby.execute(sql.SQL("SELECT pg_reload_conf()"))
    _wait(lambda: _ask(standby, "SELECT count(*) FROM pg_stat_wal_receiver") == 0, "let go of the primary")


def _caught_up(primary: PostgresServer, standby: PostgresServer) -> bool:
    written = _ask(primary, "SELECT pg_current_wal_lsn()::text")
    return bool(_ask(standby, f"SELECT pg_last_wal_replay_lsn() >= '{written}'"))


def _ask(server: PostgresServer, question: str) -> Any:
    with psycopg.connect(host="127.0.0.1", port=server.port, user=SUPERUSER, dbname="postgres") as connection:
        rows = connection.execute(question.encode()).fetchall()
    return rows[0][0]


def _wait(until: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not until():
        assert time.monotonic() < deadline, f"the standby did not {what}"
        time.sleep(0.02)
