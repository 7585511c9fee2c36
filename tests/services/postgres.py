"""A private PostgreSQL with its own data folder, port and log, which ends with our process."""

import platform
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql

from tests.services.process import ServerProcess, ServiceFailed, free_port, tail
from tests.services.process_tree import children_of, kill_and_wait
from tests.services.reachable import postgres_programs
from tests.services.unprivileged import unprivileged

READY_SECONDS = 180
SUPERUSER = "satchel"

# Durability that a test does not need and that costs disk time.
CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class PostgresServer:
    """A server on 127.0.0.1; `with` starts and stops it.

    `durable=True` keeps fsync and friends on, for tests which kill the server and look
    what is left. Any local user may log in as superuser without a password, so hold no
    real data in it.
    """

    def __init__(self, folder: Path, durable: bool = False, timezone: str = "UTC") -> None:
        """Make the server; `folder` holds data and log, and an existing data folder is reused."""
        self.folder = Path(folder).absolute()
        self.durable = durable
        self.timezone = timezone
        self.port = 0
        self._process: ServerProcess | None = None
        self._pid = 0
        self._identity = unprivileged()
        self.bin = postgres_programs(self._identity)

    def start(self) -> Self:
        """Create the data folder if it is missing, start, and wait until the server responds."""
        if self._process and self._process.alive:
            return self
        self.folder.mkdir(parents=True, exist_ok=True)
        data = self._data_folder()
        if not (data / "PG_VERSION").exists():
            self._initdb(data)
        # A restart keeps the port, so that URLs stay valid.
        self.port = self.port or free_port()
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            # No socket file: its path may be too long (107 bytes) and its folder not writable.
            "unix_socket_directories": "",
            "max_connections": "300",
            "timezone": self.timezone,
            **({} if self.durable else CARELESS),
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self._process = ServerProcess(
            [self.bin / "postgres", "-D", data, *options],
            self.folder / "postgres.log",
            identity=self._identity.arguments,
            # SIGQUIT is PostgreSQL's immediate shutdown, which also ends its children.
            last_signal=signal.SIGQUIT,
            whole_group=False,
        )
        self._process.wait_ready(self._answers, READY_SECONDS)
        return self

    @classmethod
    def of_another_process(cls, folder: Path, port: int, pid: int) -> Self:
        """Return a server that another process has started in *folder* and will stop."""
        server = cls(folder)
        server.port, server._pid = port, pid
        return server

    @property
    def pid(self) -> int:
        """Process id of the postmaster; raises `ServiceFailed` unless it runs."""
        pid = self._process.pid if self._process else self._pid
        if not pid:
            raise ServiceFailed("PostgreSQL does not run.")
        return pid

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, clients disconnected."""
        if self._process:
            self._process.stop(signal.SIGINT)
            self._process = None

    def kill(self) -> None:
        """SIGKILL of postmaster and children, as a power cut would: nothing is flushed."""
        if self._process:
            # Backends live in process groups of their own; gather them while their parent lives.
            children = children_of(self._process.pid)
            self._process.kill()
            for child in children:
                kill_and_wait(child)
            self._process = None

    def restart(self) -> Self:
        """Start again on the same port and data, stopping first if it runs."""
        self.stop()
        return self.start()

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database of this server."""
        return f"postgresql+psycopg://{SUPERUSER}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str, template: str | None = None) -> str:
        """Create a database, as a copy of `template` if given; return its SQLAlchemy URL."""
        self.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template or "template0")
            )
        )
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database if it exists, and close its connections."""
        self.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def databases(self) -> set[str]:
        """Return the names of the databases."""
        with self._connect() as connection:
            return {row[0] for row in connection.execute("SELECT datname FROM pg_database")}

    def execute(self, statement: sql.Composable, database: str = "postgres") -> None:
        """Run one statement outside a transaction, as `CREATE DATABASE` requires."""
        with self._connect(database) as connection:
            connection.execute(statement)

    def _connect(self, database: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=SUPERUSER, dbname=database,
            autocommit=True, connect_timeout=60,
        )  # fmt: skip

    def _answers(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _data_folder(self) -> Path:
        """`folder/data`; a link to a temporary folder when PostgreSQL's user cannot get there.

        pytest's tmp_path is such a place when root runs the tests: its parent is 0700.
        """
        data = self.folder / "data"
        if not data.exists() and not self._identity.can_enter(self.folder):
            elsewhere = Path(tempfile.mkdtemp(prefix="satchel-postgres-"))
            data.unlink(missing_ok=True)
            data.symlink_to(elsewhere)
        data = data.resolve()
        data.mkdir(mode=0o700, exist_ok=True)
        self._identity.own(data)
        return data

    def remove(self) -> None:
        """Stop and delete the data, even if it is outside `folder`."""
        self.stop()
        shutil.rmtree((self.folder / "data").resolve(), ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _initdb(self, data: Path) -> None:
        # C sorts alike everywhere; with C alone, lower() would not know umlauts.
        locale = "C.UTF-8" if platform.system() == "Linux" else "C"
        command = [
            self.bin / "initdb", "-D", data, "-U", SUPERUSER, "--auth=trust",
            "--encoding=UTF8", f"--locale={locale}", *([] if self.durable else ["--no-sync"]),
        ]  # fmt: skip
        log = self.folder / "initdb.log"
        with log.open("wb") as output:
            result = subprocess.run(
                command, stdout=output, stderr=output, timeout=600, check=False, **self._identity.arguments
            )
        if result.returncode:
            raise ServiceFailed(f"initdb failed.\n{tail(log)}")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
