"""The hand-written endpoint of `tests.bench.handwritten`, under gunicorn as Satchel is."""

import json
import os
import sys
import time
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import httpx
import jwt
import psycopg
from psycopg import sql

from tests.bench.clients.client import Address
from tests.bench.company import BenchRep
from tests.bench.handwritten.app import SECRET
from tests.bench.records import Record, master_data
from tests.bench.sizes import Sizes
from tests.services import PostgresServer
from tests.services.process import ServerProcess, free_port

ROOT = Path(__file__).parents[3]
SOURCES = ROOT / "tests" / "bench" / "handwritten"


class HandwrittenSystem:
    """The endpoint that a team would write in a week."""

    name = "handwritten"

    def __init__(self, postgres: PostgresServer, folder: Path, sizes: Sizes) -> None:
        self.port = free_port()
        self.sizes = sizes
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._url = postgres.create_database(f"handwritten_{sizes.records}").replace("+psycopg", "")
        self._process: ServerProcess | None = None

    def fill(self, reps: Sequence[BenchRep], records: Iterable[tuple[str, Record]]) -> None:
        with psycopg.connect(self._url) as connection:
            connection.execute((SOURCES / "schema.sql").read_text())
            connection.cursor().executemany(
                "INSERT INTO rep VALUES (%s, %s, %s)",
                [(rep.id, list(rep.territories), list(rep.warehouses)) for rep in reps],
            )
            for collection, rows in _by_collection([*master_data()]):
                _copy(connection, collection, rows)
            for collection, rows in _by_collection(records):
                _copy(connection, collection, rows)
            connection.execute((SOURCES / "indexes.sql").read_text())
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")

    def change(self, records: Sequence[tuple[str, Record]]) -> None:
        with psycopg.connect(self._url) as connection:
            for collection, record in records:
                names = [name for name in record if name != "id"]
                sets = sql.SQL(", ").join(
                    sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in names
                )
                connection.execute(
                    sql.SQL("UPDATE {} SET {}, updated_at = now() WHERE id = {}").format(
                        sql.Identifier(collection), sets, sql.Placeholder("id")
                    ),
                    _row(record),
                )

    def start(self) -> None:
        command = [
            sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{self.port}",
            "--workers", str(self.sizes.processes), "--worker-class", "gthread",
            "--threads", str(self.sizes.threads), "--keep-alive", "15", "--log-level", "warning",
            "--no-control-socket", "tests.bench.handwritten.app:create_app()",
        ]  # fmt: skip
        env = {**os.environ, "HANDWRITTEN_DATABASE": self._url}
        self._process = ServerProcess(command, self._folder / "web.log", env=env, identity={"cwd": str(ROOT)})
        self._process.wait_ready(self._answers, 60)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/sync", timeout=5).status_code == 401
        except httpx.TransportError:
            return False

    def address(self, rep: BenchRep) -> Address:
        token = jwt.encode({"sub": rep.id, "exp": int(time.time()) + 3600}, SECRET, algorithm="HS256")
        return Address("handwritten", self.port, {"Authorization": f"Bearer {token}"}, {})

    def orders(self, documents: Sequence[dict[str, Any]], rep: BenchRep) -> list[dict[str, Any]]:
        return list(documents)

    @property
    def web(self) -> list[int]:
        return [self._process.pid] if self._process else []

    def stop(self) -> None:
        if self._process:
            self._process.stop()
            self._process = None


def _by_collection(records: Iterable[tuple[str, Record]]) -> Iterable[tuple[str, Iterable[Record]]]:
    """Yield the records grouped by collection, without holding them all in memory."""
    for collection, run in groupby(records, key=lambda item: item[0]):
        yield collection, (record for _, record in run)


def _copy(connection: psycopg.Connection, collection: str, rows: Iterable[Record]) -> None:
    rows = iter(rows)
    first = next(rows, None)
    if first is None:
        return
    columns = sql.SQL(", ").join(map(sql.Identifier, first))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(collection), columns)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write_row(list(_row(first).values()))
        for record in rows:
            copy.write_row(list(_row(record).values()))


def _row(record: Record) -> Record:
    return {k: json.dumps(v) if isinstance(v, dict | list) else v for k, v in record.items()}
