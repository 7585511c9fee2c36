"""Kinto with PostgreSQL for storage and permissions, in a virtualenv of its own.

There is one Kinto collection per channel: the smallest number with which Kinto's permissions restrict a rep to
what the rep may read, so the fewest requests. The token is checked by the cheapest of Kinto's policies, one
HMAC. Kinto's own schema validates the pushed orders.
"""

import base64
import json
import os
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import httpx
import psycopg

from sync_protocol.catalogue import COLLECTIONS
from sync_protocol.channel import Follows
from tests.bench.clients.client import Address
from tests.bench.company import BenchRep
from tests.bench.records import Record, master_data, territory_of
from tests.bench.sizes import Sizes
from tests.bench.systems.kinto_venv import kinto_venv
from tests.bench.systems.ports import listens
from tests.services import PostgresServer
from tests.services.process import ServerProcess, ServiceFailed, free_port

SETTINGS = """
[app:main]
use = egg:kinto
kinto.storage_backend = kinto.core.storage.postgresql
kinto.storage_url = {database}
kinto.permission_backend = kinto.core.permission.postgresql
kinto.permission_url = {database}
kinto.cache_backend = kinto.core.cache.memory
kinto.userid_hmac_secret = 7b8f1c0d2e
multiauth.policies = basicauth
kinto.bucket_create_principals = system.Authenticated
kinto.batch_max_requests = 100
kinto.experimental_collection_schema_validation = true
kinto.storage_pool_size = 10
kinto.permission_pool_size = 10
"""
WSGI = """
from kinto import main
import configparser, os
parser = configparser.RawConfigParser()
parser.read(os.environ["KINTO_INI"])
application = main({}, **{k: v for k, v in parser["app:main"].items() if k != "use"})
"""
PASSWORD = "a-password-of-the-bench"
COPY = "COPY incoming (id, parent_id, data) FROM STDIN"
# Stamps are a millisecond apart, as Kinto's own trigger would set them; the trigger is too slow to fill a
# table. They are whole milliseconds, as ETags are, so that no record is newer than the ETag that came with it.
MOVE = """
ALTER TABLE objects DISABLE TRIGGER USER;
INSERT INTO objects (id, parent_id, resource_name, last_modified, data, deleted)
SELECT id, parent_id, 'record',
       date_trunc('milliseconds', now() AT TIME ZONE 'UTC') - interval '1 day' + n * interval '1 millisecond',
       data || jsonb_build_object('last_modified',
           (extract(epoch FROM date_trunc('milliseconds', now()) - interval '1 day') * 1000)::bigint + n), false
FROM incoming ORDER BY n;
ALTER TABLE objects ENABLE TRIGGER USER;
"""


class KintoSystem:
    """The best known sync server that runs on Python and PostgreSQL."""

    name = "kinto"

    def __init__(self, postgres: PostgresServer, folder: Path, sizes: Sizes) -> None:
        self.port = free_port()
        self.sizes = sizes
        self._venv = kinto_venv()
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._url = postgres.create_database(f"kinto_{sizes.records}").replace("+psycopg", "")
        self._ini = folder / "kinto.ini"
        self._ini.write_text(SETTINGS.format(database=self._url))
        (folder / "kinto_wsgi.py").write_text(WSGI)
        self._process: ServerProcess | None = None

    def fill(self, reps: Sequence[BenchRep], records: Iterable[tuple[str, Record]]) -> None:
        """Create accounts, collections and permissions by Kinto's API, and records by SQL, as the API stores
        them."""
        command = [self._venv / "bin" / "kinto", "migrate", "--ini", self._ini]
        result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if result.returncode:
            raise ServiceFailed(f"kinto migrate failed: {result.stdout}{result.stderr}")
        self.start()
        self._grant(reps)
        self.stop()
        with psycopg.connect(self._url) as connection:
            connection.execute("CREATE TEMP TABLE incoming (n bigserial, id text, parent_id text, data jsonb)")
            with connection.cursor() as cursor, cursor.copy(COPY) as copy:
                for collection, record in [*master_data(), *records]:
                    parent = f"/buckets/bench/collections/{_collection(collection, record)}"
                    copy.write_row((record["id"], parent, _stored(collection, record)))
            connection.execute(MOVE)
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")

    def _grant(self, reps: Sequence[BenchRep]) -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{self.port}/v1", timeout=60) as http:
            http.auth = httpx.BasicAuth("admin", PASSWORD)
            _done(http.put("/buckets/bench", json={"permissions": {"read": []}}))
            readers: dict[str, list[str]] = {}
            for rep in reps:
                user = http.get("/", auth=(rep.id, PASSWORD)).json()["user"]["id"]
                permissions = {"record:create": [user], "read": [user]}
                outbox = {"data": {"schema": _order_form()}, "permissions": permissions}
                _done(http.put(f"/buckets/bench/collections/{_outbox(rep)}", json=outbox))
                for name in _collections(rep):
                    readers.setdefault(name, []).append(user)
            for name, users in readers.items():
                _done(http.put(f"/buckets/bench/collections/{name}", json={"permissions": {"read": users}}))

    def start(self) -> None:
        command = [
            self._venv / "bin" / "gunicorn", "--bind", f"127.0.0.1:{self.port}",
            "--workers", str(self.sizes.processes), "--worker-class", "gthread",
            "--threads", str(self.sizes.threads), "--keep-alive", "15", "--log-level", "warning",
            "--no-control-socket", "kinto_wsgi:application",
        ]  # fmt: skip
        env = {**os.environ, "KINTO_INI": str(self._ini)}
        self._process = ServerProcess(command, self._folder / "web.log", env=env)
        self._process.wait_ready(lambda: listens(self.port) and self._answers(), 60)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/v1/", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def change(self, records: Sequence[tuple[str, Record]]) -> None:
        with psycopg.connect(self._url) as connection:
            for collection, record in records:
                parent = f"/buckets/bench/collections/{_collection(collection, record)}"
                connection.execute(
                    "UPDATE objects SET data = %s, last_modified = NULL"
                    " WHERE id = %s AND parent_id = %s AND resource_name = 'record'",
                    [_stored(collection, record), record["id"], parent],
                )

    def address(self, rep: BenchRep) -> Address:
        token = base64.b64encode(f"{rep.id}:{PASSWORD}".encode()).decode()
        options = {"collections": _collections(rep), "outbox": _outbox(rep)}
        return Address("kinto", self.port, {"Authorization": f"Basic {token}"}, options)

    def orders(self, documents: Sequence[dict[str, Any]], rep: BenchRep) -> list[dict[str, Any]]:
        return list(documents)

    @property
    def web(self) -> list[int]:
        return [self._process.pid] if self._process else []

    def stop(self) -> None:
        if self._process:
            self._process.stop()
            self._process = None


def _collections(rep: BenchRep) -> list[str]:
    return ["everyone", *(channel.replace(":", "-") for channel in rep.channels)]


def _outbox(rep: BenchRep) -> str:
    return f"orders-{rep.id}"


def _collection(collection: str, record: Record) -> str:
    rule = COLLECTIONS[collection].channel
    if isinstance(rule, Follows):
        return f"territory-{territory_of(int(record['customer_id'][1:]))}"
    return rule.of(record).replace(":", "-")


def _stored(collection: str, record: Record) -> str:
    return json.dumps({**{k: v for k, v in record.items() if k != "id"}, "collection": collection})


def _order_form() -> dict[str, Any]:
    """Return the JSON Schema of an order, as far as a schema alone can say it."""
    line = {
        "type": "object",
        "required": ["line_no", "product_id", "quantity", "unit", "unit_price"],
        "properties": {
            "line_no": {"type": "integer", "minimum": 1, "maximum": 100_000},
            "product_id": {"type": "string", "maxLength": 128},
            "quantity": {"type": "string", "pattern": r"^\d{1,12}(\.\d{1,6})?$"},
            "unit": {"type": "string", "maxLength": 128},
            "unit_price": {"type": "string", "pattern": r"^\d{1,12}(\.\d{1,6})?$"},
        },
    }
    return {
        "type": "object",
        "required": ["customer_id", "order_date", "currency", "lines"],
        "properties": {
            "customer_id": {"type": "string", "maxLength": 128},
            "order_date": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d$"},
            "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
            "lines": {"type": "array", "items": line, "minItems": 1, "maxItems": 500},
        },
    }


def _done(reply: httpx.Response) -> None:
    if reply.status_code >= 300:
        raise ServiceFailed(f"Kinto refused: {reply.request.url} {reply.status_code} {reply.text[:500]}")
