"""Satchel on PostgreSQL, under `satchel serve --only web`, filled through `publish()`."""

import base64
import datetime as dt
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select
from ulid import ULID

from backend.cli import init as setting_up
from backend.database.core import Sessions, make_sessions
from backend.feed.changes import MAX_CHANGES, publish
from backend.identity import device_keys, enrolment, tokens
from backend.identity import reps as people
from backend.identity.key_ring import KeyRing
from backend.identity.models import Device
from backend.settings import PREFIX, Settings, read_settings
from backend.settings.declaration import declared_settings, variable
from backend.sync import grants
from sync_protocol import SCHEMA_REVISION
from sync_protocol.canonical import digest
from sync_protocol.change import Put
from tests.bench.clients.client import Address
from tests.bench.company import BenchRep
from tests.bench.records import Record, in_batches, master_data
from tests.bench.sizes import Sizes
from tests.bench.systems import feed_copy
from tests.databases import engine_of
from tests.services import PostgresServer
from tests.services.process import ServerProcess, free_port

ROOT = Path(__file__).parents[3]


class SatchelSystem:
    """The product."""

    name = "satchel"
    names = ("satchel", "granian")
    """Satchel under its two web servers."""

    def __init__(
        self,
        postgres: PostgresServer,
        folder: Path,
        sizes: Sizes,
        *,
        fast: bool = False,
        analysed: bool = True,
        database: str = "",
    ) -> None:
        """*fast* fills by COPY instead of `publish()`; a test shows that the tables are the same.

        Without *analysed*, PostgreSQL knows nothing of the tables' sizes, as in the first minute of a new
        installation.
        """
        self.port = free_port()
        self._fast, self._analysed = fast, analysed
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        database = database or f"satchel_{sizes.records}"
        setting_names = {variable(PREFIX, setting.name) for setting in declared_settings(Settings)}
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.environ = {
            **inherited,
            # To try out a setting: SATCHEL_SEGMENT_ROWS=0 python -m tests.bench first
            **{name: value for name, value in os.environ.items() if name in setting_names},
            "SATCHEL_FOLDER": str(folder / "instance"),
            "SATCHEL_DATABASE_URL": postgres.create_database(database),
            "SATCHEL_PORT": str(self.port),
            "SATCHEL_PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            "SATCHEL_WEB_PROCESSES": str(sizes.processes),
            "SATCHEL_WEB_THREADS": str(sizes.threads),
            # One client asks more in a second than a phone in an hour; it is counted all the same.
            "SATCHEL_DEVICE_REQUESTS_PER_MINUTE": "1000000000",
            "SATCHEL_REP_REQUESTS_PER_MINUTE": "1000000000",
            "SATCHEL_DOCUMENTS_PER_DAY": "1000000000",
        }
        self.settings = read_settings(self.environ)
        self.sessions: Sessions = make_sessions(self.settings.database_url)
        self._process: ServerProcess | None = None

    def fill(self, reps: Sequence[BenchRep], records: Iterable[tuple[str, Record]]) -> None:
        setting_up.set_up(self.settings)
        now = dt.datetime.now(dt.UTC)
        with self.sessions() as session, session.begin():
            for rep in reps:
                people.save(session, rep.id, f"Rep {rep.id}", None)
                for channel in rep.channels:
                    grants.assign(session, rep.id, channel, now)
                session.add(_device(rep.id, now))
        self.change(list(master_data()))
        if self._fast:
            feed_copy.fill(self.sessions, records)
        else:
            self.change(records)
        if self._analysed:
            _analyse(self.sessions)
        # A worker would have built them long before the first phone connects.
        self.run("segments", "build")

    def change(self, records: Iterable[tuple[str, Record]]) -> None:
        publish_all(self.sessions, records)

    def start(self) -> None:
        command = [sys.executable, "-m", "backend.cli", "serve", "--only", "web"]
        self._process = ServerProcess(
            command, self._folder / "web.log", env=self.environ, identity={"cwd": str(ROOT)}
        )
        self._process.wait_ready(self._answers, 180)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/readyz", timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def address(self, rep: BenchRep) -> Address:
        now = dt.datetime.now(dt.UTC)
        with self.sessions() as session:
            device = session.scalars(select(Device).where(Device.rep == rep.id).limit(1)).one()
            token = tokens.issue(KeyRing(self.settings.folder), self.settings.public_url, device, now)
        headers = {"Authorization": f"Bearer {token.access_token}"}
        return Address("satchel", self.port, headers, {"schema": SCHEMA_REVISION})

    def reference(self, rep: BenchRep, port: int | None = None) -> Address:
        """Return the address for a reference device of *rep*; each enrols with a code of its own."""
        with self.sessions() as session, session.begin():
            code = enrolment.create(session, rep.id, dt.datetime.now(dt.UTC))
        return Address("reference", port or self.port, {}, {"code": code})

    def orders(self, documents: Sequence[dict[str, Any]], rep: BenchRep) -> list[dict[str, Any]]:
        return [
            {
                "id": document["id"],
                "kind": "order",
                "captured_at": "2026-11-23T08:00:00Z",
                "zone": "Europe/Berlin",
                "schema": SCHEMA_REVISION,
                "body": document["body"],
                "sha256": digest(document["body"]),
            }
            for document in documents
        ]

    @property
    def web(self) -> list[int]:
        return [self._process.pid] if self._process else []

    def run(self, *arguments: str) -> str:
        """Run `satchel` with *arguments* on this installation; return what it printed."""
        command = [sys.executable, "-m", "backend.cli", *arguments]
        result = subprocess.run(
            command, env=self.environ, cwd=ROOT, capture_output=True, text=True, check=True, timeout=600
        )
        return result.stdout

    def stop(self) -> None:
        if self._process:
            self._process.stop()
            self._process = None
        engine_of(self.sessions).dispose()


class SameInstallation(SatchelSystem):
    """The installation of another system, database included, under a web server with other settings."""

    def __init__(self, satchel: SatchelSystem, name: str, **settings: str) -> None:
        self.name = name
        self.port = free_port()
        self._folder = satchel._folder / name.replace(" ", "-")
        self._folder.mkdir(exist_ok=True)
        self.environ = {**satchel.environ, **settings, "SATCHEL_PORT": str(self.port)}
        self.settings = read_settings(self.environ)
        self.sessions = make_sessions(self.settings.database_url)
        self._process = None

    def fill(self, reps: Sequence[BenchRep], records: Iterable[tuple[str, Record]]) -> None:
        """Do nothing: the installation is filled already."""

    def change(self, records: Iterable[tuple[str, Record]]) -> None:
        """Do nothing: the other system publishes into the same database."""


class GranianSystem(SameInstallation):
    """The same installation under granian instead of gunicorn."""

    name = "granian"

    def __init__(self, satchel: SatchelSystem) -> None:
        super().__init__(satchel, self.name, SATCHEL_WEB_SERVER="granian")


def publish_all(sessions: Sessions, records: Iterable[tuple[str, Record]]) -> None:
    """Publish *records*, in transactions of the largest allowed size."""
    for batch in in_batches(records, MAX_CHANGES):
        with sessions() as session, session.begin():
            publish(session, [Put(collection, record["id"], record) for collection, record in batch])


def _device(rep: str, now: dt.datetime) -> Device:
    x = base64.urlsafe_b64encode(Ed25519PrivateKey.generate().public_key().public_bytes_raw()).rstrip(b"=")
    key = device_keys.normalised({"kty": "OKP", "crv": "Ed25519", "x": x.decode()})
    return Device(
        id=str(ULID()), rep=rep, name="bench", public_key=key, version=1, refresh_generation=1,
        refresh_family=1, family_began_at=now, refreshed_at=now, enrolled_at=now, last_seen_at=now,
        app_version="bench",
    )  # fmt: skip


def _analyse(sessions: Sessions) -> None:
    """Update the planner's statistics at once instead of waiting for autovacuum."""
    engine = engine_of(sessions)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
