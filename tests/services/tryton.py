"""A running Tryton with the sample company, reached over HTTP like a customer's."""

import logging
import os
import socket
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.services.postgres import PostgresServer
from tests.services.process import ServerProcess, free_port
from tests.services.tryton_config import ADMIN_PASSWORD, CONNECTOR_PASSWORD, write_config
from tests.services.tryton_install import virtualenv
from tests.services.tryton_template import Template, ensure_template

READY_SECONDS = 300
STOP_SECONDS = 60
THREADS = 4


class TrytonServer:
    """One trytond serving one database of sample data; `with` starts and stops it.

    One process per database, although Tryton can serve many: it remembers a database by its
    name, lists new ones after minutes, and a login to a database which it did not load at its
    start fails for ever (8.0.12). And a crash test then kills nobody else's server.

    With `queue=True` Tryton leaves its tasks (above all: processing a confirmed sale) to a
    `trytond-worker` beside it. This is how a careful office runs it: without a worker, a sale
    whose processing was interrupted stays "confirmed" for ever. Without `queue`, a sale is
    processed before the answer to `confirm` comes.
    """

    # An ordinary clerk of sales, stock and accounts, as an office would give us.
    user = "connector"
    password = CONNECTOR_PASSWORD
    admin_user = "admin"
    admin_password = ADMIN_PASSWORD

    def __init__(
        self, postgres: PostgresServer, folder: Path, database: str = "erp", queue: bool = False
    ) -> None:
        """Make the server; `postgres` must run before `start`, and `folder` holds configuration and logs."""
        self.postgres = postgres
        self.folder = Path(folder).absolute()
        self.database = database
        self.queue = queue
        self.port = 0
        self._venv = Path()
        self._template: Template | None = None
        self._temporary = False
        self._server: ServerProcess | None = None
        self._worker: ServerProcess | None = None
        self._others: list[TrytonServer] = []

    @property
    def url(self) -> str:
        """Its address, without a database."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def rpc_url(self) -> str:
        """Where JSON-RPC calls go."""
        return f"{self.url}/{self.database}/rpc/"

    @property
    def summary(self) -> dict[str, Any]:
        """The contents of the sample company: ids by code, as the loader printed them."""
        return self._known_template().summary

    @property
    def settings(self) -> dict[str, str]:
        """The environment variables that connect Satchel's Tryton connector to it."""
        return {
            "SATCHEL_CONNECTOR": "tryton",
            "SATCHEL_ERP_URL": self.url,
            "SATCHEL_ERP_DATABASE": self.database,
            "SATCHEL_ERP_USER": self.user,
            "SATCHEL_ERP_PASSWORD": self.password,
        }

    def start(self) -> Self:
        """Install Tryton, make or restore the template, and copy it, as far as they are missing; then start
        it."""
        if self._server and self._server.alive:
            return self
        self.prepare()
        if self.database not in self.postgres.databases():
            self.postgres.create_database(self.database, self._template.database)
        # written each time, because PostgreSQL's port may have changed
        write_config(self.folder, self.postgres)
        self.port = self.port or free_port()
        self._server = ServerProcess(self._server_command(), self.log, env=self._environment())
        self._server.wait_ready(self._answers, READY_SECONDS)
        if self.queue:
            self._worker = ServerProcess(self._worker_command(), self.worker_log, env=self._environment())
        return self

    def prepare(self) -> Self:
        """Install Tryton and make or restore the template if they are missing; start nothing."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._venv = virtualenv()
        self._template = self._template or ensure_template(self.postgres, self._venv, self.folder)
        return self

    def fresh(self, name: str, queue: bool = False) -> "TrytonServer":
        """Return another server, started, on a new database `name` with the sample company.

        Takes two or three seconds. Leaving its `with` stops it and drops the database; without
        a `with` it ends when we do.
        """
        other = TrytonServer(self.postgres, self.folder / name, name, queue)
        other._template = self._known_template()
        other._temporary = True
        self.postgres.drop_database(name)
        self._others.append(other)
        return other.start()

    def stop(self) -> None:
        """Stop server and worker, and the `fresh` servers too; our database stays."""
        for other in self._others:
            other.remove()
        self._others.clear()
        self._end()

    def _end(self) -> None:
        for process in (self._worker, self._server):
            if process:
                process.stop(seconds=STOP_SECONDS)
        self._server = self._worker = None

    def kill(self) -> None:
        """Send SIGKILL to server and worker."""
        for process in (self._server, self._worker):
            if process:
                process.kill()
        self._server = self._worker = None

    def restart(self) -> Self:
        """Stop and start it on the same port; earlier sessions stay valid."""
        self._end()
        return self.start()

    def remove(self) -> None:
        """Stop and drop the database."""
        self.stop()
        self.postgres.drop_database(self.database)

    @property
    def log(self) -> Path:
        """The log of trytond."""
        return self.folder / "trytond.log"

    @property
    def worker_log(self) -> Path:
        """The log of trytond-worker."""
        return self.folder / "trytond-worker.log"

    def _known_template(self) -> Template:
        if not self._template:
            raise RuntimeError("Prepare the server first: its template says what the company holds.")
        return self._template

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "TRYTOND_CONFIG": str(self.folder / "trytond.conf"),
            "TRYTOND_DATABASE_NAMES": self.database,
            "TRYTOND_QUEUE__WORKER": str(self.queue),
            "TRYTOND_LOGGING_LEVEL": str(logging.WARNING),
        }

    def _server_command(self) -> list[str | Path]:
        # waitress, because the server that Tryton's own command line starts is for development
        return [
            self._venv / "bin" / "waitress-serve", "--listen", f"127.0.0.1:{self.port}",
            "--threads", str(THREADS), "trytond.application:app",
        ]  # fmt: skip

    def _worker_command(self) -> list[str | Path]:
        config = self.folder / "trytond.conf"
        return [self._venv / "bin" / "trytond-worker", "-c", config, "-d", self.database, "-n", "1"]

    def _answers(self) -> bool:
        """Return whether it responds. It loads the database before it listens, so then it is ready."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
        except OSError:
            return False

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._temporary:
            self.remove()
        else:
            self.stop()
