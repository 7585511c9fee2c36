"""A streaming standby of a PostgreSQL of ours: create, pause, disconnect, promote."""

import subprocess
from typing import Any

import psycopg
from psycopg import sql

from tests.eventually import eventually
from tests.services.postgres import SUPERUSER, PostgresServer

SECONDS = 300.0


def clone(primary: PostgresServer, standby: PostgresServer) -> None:
    """Make *standby*, which must not exist yet, a streaming standby of *primary*, and start it."""
    copy(primary, standby, "--write-recovery-conf")
    standby.start()


def copy(server: PostgresServer, other: PostgresServer, *options: str) -> None:
    """Make *other*, which must not exist yet, a copy of the running *server*; it is not started."""
    other.folder.mkdir(parents=True)
    data = other._data_folder()
    command = [
        server.bin / "pg_basebackup", "-h", "127.0.0.1", "-p", str(server.port), "-U", SUPERUSER,
        "-D", data, "--wal-method=stream", "--checkpoint=fast", "--no-sync", *options,
    ]  # fmt: skip
    result = subprocess.run(command, capture_output=True, timeout=600, check=False, **other._identity.arguments)
    assert result.returncode == 0, result.stderr.decode()


def catch_up(primary: PostgresServer, standby: PostgresServer) -> None:
    """Wait until *standby* has replayed everything that *primary* has committed."""
    # Compare with the insert position and not the write position: without fsync a commit returns before the
    # write.
    written = query_value(primary, "SELECT pg_current_wal_insert_lsn()::text")
    eventually(
        lambda: bool(query_value(standby, f"SELECT pg_last_wal_replay_lsn() >= '{written}'")),
        "the standby catches up",
    )


def pause(standby: PostgresServer) -> None:
    """Let *standby* replay nothing until `resume`."""
    standby.execute(sql.SQL("SELECT pg_wal_replay_pause()"))
    eventually(lambda: query_value(standby, "SELECT pg_get_wal_replay_pause_state()") == "paused", "it pauses")


def resume(standby: PostgresServer) -> None:
    """Let *standby* replay again."""
    standby.execute(sql.SQL("SELECT pg_wal_replay_resume()"))


def cut(standby: PostgresServer) -> None:
    """Disconnect *standby* from its primary."""
    standby.execute(sql.SQL("ALTER SYSTEM SET primary_conninfo = ''"))
    standby.execute(sql.SQL("SELECT pg_reload_conf()"))
    eventually(
        lambda: query_value(standby, "SELECT count(*) FROM pg_stat_wal_receiver") == 0,
        "it disconnects from its primary",
    )


def promote(standby: PostgresServer) -> None:
    """Promote *standby* to a primary, and wait until it is one."""
    standby.execute(sql.SQL(f"SELECT pg_promote(true, {SECONDS:.0f})"))


def query_value(server: PostgresServer, query: str) -> Any:
    """Return the single value that *query* selects."""
    with psycopg.connect(host="127.0.0.1", port=server.port, user=SUPERUSER, dbname="postgres") as connection:
        rows = connection.execute(query.encode()).fetchall()
    return rows[0][0]
