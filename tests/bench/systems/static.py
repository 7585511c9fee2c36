"""nginx serving the replica of one rep as a gzip file with one record per line: the limit of what a server can
do.

It only compares a token; the file is as old as the last time it was written.
"""

import gzip
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tests.bench.clients.client import Address
from tests.bench.company import BenchRep
from tests.bench.records import Record, is_visible_to, master_data
from tests.bench.sizes import Sizes
from tests.bench.systems.nginx_program import nginx_program
from tests.bench.systems.ports import listens
from tests.services import PostgresServer
from tests.services.process import ServerProcess, free_port

CONFIG = """
daemon off; {user} worker_processes {processes}; pid {folder}/nginx.pid; error_log {folder}/web.log;
events {{ worker_connections 512; }}
http {{
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    map $http_authorization $replica {{ default ""; "Bearer {token}" "replica"; }}
    server {{
        listen 127.0.0.1:{port};
        location /replica {{
            if ($replica = "") {{ return 401; }}
            default_type application/gzip; alias {folder}/$replica.ndjson.gz;
        }}
    }}
}}
"""
TOKEN = "one-token-that-is-compared"


class StaticSystem:
    """A file behind nginx."""

    name = "static"

    def __init__(self, postgres: PostgresServer, folder: Path, sizes: Sizes) -> None:
        self.port = free_port()
        self.sizes = sizes
        self._program = nginx_program()
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._process: ServerProcess | None = None

    def fill(self, reps: Sequence[BenchRep], records: Iterable[tuple[str, Record]]) -> None:
        """Write the file of the first rep, which is the one that is measured."""
        with gzip.open(self._folder / "replica.ndjson.gz", "wt", 9) as file:
            for collection, record in [*master_data(), *records]:
                if is_visible_to(reps[0], collection, record):
                    line = json.dumps([collection, record], ensure_ascii=False, separators=(",", ":"))
                    file.write(f"{line}\n")

    def start(self) -> None:
        config = self._folder / "nginx.conf"
        user = "user root;" if os.geteuid() == 0 else ""
        config.write_text(
            CONFIG.format(
                user=user, processes=self.sizes.processes, folder=self._folder, port=self.port, token=TOKEN
            )
        )
        command = [self._program, "-c", config, "-e", self._folder / "web.log"]
        self._process = ServerProcess(command, self._folder / "web.log")
        self._process.wait_ready(lambda: listens(self.port), 20)

    def change(self, records: Sequence[tuple[str, Record]]) -> None:
        """Do nothing: a change would mean writing the whole file again."""

    def address(self, rep: BenchRep) -> Address:
        return Address("static", self.port, {"Authorization": f"Bearer {TOKEN}"}, {"path": "/replica"})

    def orders(self, documents: Sequence[dict[str, Any]], rep: BenchRep) -> list[dict[str, Any]]:
        return list(documents)

    @property
    def web(self) -> list[int]:
        return [self._process.pid] if self._process else []

    def stop(self) -> None:
        if self._process:
            self._process.stop()
            self._process = None
