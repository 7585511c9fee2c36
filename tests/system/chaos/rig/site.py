"""An installation to break: primary and standby, Redis, two nodes with web and worker, Tryton, three phones.

Each link has a proxy that injects faults. Each run has its own servers, copied from a company read once before.
"""

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from backend.cli.delivery import NOT_ON_HOLD, RESUMES
from tests.eventually import eventually
from tests.services import PostgresServer, RedisServer, TrytonServer
from tests.services.link import PERFECT
from tests.services.proxy import Proxy
from tests.services.standby import clone, copy
from tests.services.tryton_rpc import TrytonSession
from tests.system.chaos.rig.phones import PhoneProcess
from tests.system.scenarios.node import ROOT, Node

DATABASE = "satchel"
REPS = {"R1": ("NE", "E001"), "R2": ("NW", "E002")}
"""Rep → territory and employee; two phones for the first, one for the second."""


class Company:
    """A Tryton that serves all runs, and a Satchel that has read it, to be copied for each run."""

    def __init__(self, tryton: TrytonServer, folder: Path) -> None:
        self.tryton = tryton
        self.folder = folder
        self.postgres = PostgresServer(folder / "postgres", durable=True)
        self.instance = folder / "instance"

    def __enter__(self) -> "Company":
        self.postgres.start()
        url = self.postgres.create_database(DATABASE)
        with Node(self.folder, {**self.tryton.settings, "SATCHEL_DATABASE_URL": url}) as node:
            node.command("init")
            node.command("ingest")
            warehouse = self._warehouse()
            with ThreadPoolExecutor() as pool:
                list(pool.map(lambda rep: self._employ(node, rep, warehouse), REPS))
        return self

    def _employ(self, node: Node, rep: str, warehouse: str) -> None:
        territory, employee = REPS[rep]
        node.command("rep", "add", rep, f"Rep {rep}", "--employee", employee)
        node.command("rep", "assign", rep, f"territory:{territory}")
        node.command("rep", "assign", rep, f"warehouse:{warehouse}")

    def _warehouse(self) -> str:
        """Return the key of the first warehouse."""
        domain = [["type", "=", "warehouse"], ["code", "=", "W1"]]
        with TrytonSession.admin(self.tryton) as office:
            return str(office("stock.location", "search_read", domain, 0, None, None, ["code"])[0]["id"])

    def __exit__(self, *error: Any) -> None:
        self.postgres.remove()


class Site:
    """The running servers of one run; leaving the `with` stops and removes them."""

    def __init__(
        self, company: Company, folder: Path, seed: int, max_documents: int, interval: float, root: Path = ROOT
    ) -> None:
        """Each phone captures *max_documents*, *interval* seconds apart; the nodes run the source in *root*."""
        self.company, self.folder, self.seed = company, folder, seed
        self.max_documents, self.interval = max_documents, interval
        self.root, self.tryton = root, company.tryton
        self.primary = PostgresServer(folder / "primary", durable=True)
        self.standby: PostgresServer | None = PostgresServer(folder / "standby", durable=True)
        self.redis = RedisServer(folder / "redis")
        self.failed_over = False
        self.nodes: list[Node] = []
        self.phones: list[PhoneProcess] = []
        self.lines: dict[str, Proxy] = {}

    def __enter__(self) -> "Site":
        assert self.standby is not None
        try:
            copy(self.company.postgres, self.primary)
            self.primary.start()
            clone(self.primary, self.standby)
            self.redis.start()
            shutil.copytree(self.company.instance, self.folder / "instance")
            for name, port in (
                ("database", self.primary.port),
                ("redis", self.redis.port),
                ("erp", self.tryton.port),
            ):
                self._line(name, port)
            self.nodes = [Node(self._make_folder(name), self._environ(), self.root) for name in ("a", "b")]
            for node in self.nodes:
                node.start_web(wait=False)  # phones do not wait for it either
                node.start_worker()
            self._line("phones", self.nodes[0].port)
            self._enrol()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _make_folder(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir()
        return folder

    def _line(self, name: str, port: int) -> None:
        self.lines[name] = Proxy(port, seed=self.seed).__enter__()

    def _environ(self) -> dict[str, str]:
        direct, proxied = f":{self.primary.port}/", f":{self.lines['database'].port}/"
        return {
            **self.tryton.settings,
            "SATCHEL_FOLDER": str(self.folder / "instance"),
            "SATCHEL_ERP_URL": f"http://127.0.0.1:{self.lines['erp'].port}",
            "SATCHEL_DATABASE_URL": self.primary.url(DATABASE).replace(direct, proxied),
            "SATCHEL_REDIS_URL": f"redis://127.0.0.1:{self.lines['redis'].port}/0",
            "SATCHEL_PUBLIC_URL": "http://satchel.test",
            "SATCHEL_UNENCRYPTED_HOSTS": "satchel.test",
            "SATCHEL_LEASE_SECONDS": "15",
            "SATCHEL_BACKOFF_BASE_SECONDS": "1",
            "SATCHEL_BACKOFF_CAP_SECONDS": "5",
        }

    def _enrol(self) -> None:
        server = f"http://127.0.0.1:{self.lines['phones'].port}"
        reps = ("R1", "R1", "R2")
        with ThreadPoolExecutor() as pool:
            outputs = list(pool.map(lambda rep: self.nodes[0].command("rep", "code", rep), reps))
        for n, (rep, output) in enumerate(zip(reps, outputs, strict=True)):
            code, folder = output.strip().splitlines()[-1], self.folder / f"phone{n}"
            phone = PhoneProcess(folder, server, code, rep, self.seed + n, self.max_documents, self.interval)
            self.phones.append(phone)
            phone.start()

    def heal(self) -> None:
        """Repair everything that a fault may have left broken, as an operator would."""
        for line in self.lines.values():
            line.link = PERFECT
            line.heal()
        self.primary.start()
        self.redis.start()
        self.tryton.start()
        for node in self.nodes:
            if node.web is None or not node.web.alive:
                node.start_web()
            if node.worker is None or not node.worker.alive:
                node.start_worker()
        for phone in self.phones:
            phone.start()
        if self.failed_over:
            eventually(self._reconciled, "reconciling finds everything in order")

    def _reconciled(self) -> bool:
        output = self.nodes[1].command("delivery", "reconcile", check=False)
        (self.folder / "reconcile.log").write_text(output)
        return RESUMES in output or NOT_ON_HOLD in output

    def waiting(self) -> dict[int, str]:
        """Return the status of each phone with open documents or without a sync for 10 seconds, by number."""
        statuses = {number: phone.status for number, phone in enumerate(self.phones)}
        return {number: str(status) for number, status in statuses.items() if not _converged(status)}

    def __exit__(self, *error: Any) -> None:
        for phone in self.phones:
            phone.end()
        for node in self.nodes:
            node.__exit__(*(error or (None, None, None)))
        for line in self.lines.values():
            line.__exit__(None, None, None)
        self.redis.stop()
        if self.standby is not None:
            self.standby.remove()
        self.primary.remove()


def _converged(status: dict[str, Any]) -> bool:
    fresh = status.get("at", 0) > time.time() - 10
    return bool(fresh and status["complete"] and not status["open"])
