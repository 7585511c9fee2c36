"""An installation to break: primary and standby, Redis, two nodes with web and worker, Tryton, three phones.

There is a bad line on each link. Each run has servers of its own, copied from a company that was read once.
"""

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.services import PostgresServer, RedisServer, TrytonServer
from tests.services.link import PERFECT
from tests.services.proxy import Proxy
from tests.services.standby import clone, copy
from tests.services.tryton_rpc import TrytonSession
from tests.system.chaos.rig.phones import PhoneProcess
from tests.system.scenarios.node import ROOT, Node, eventually

DATABASE = "satchel"
REPS = {"R1": ("NE", "E001"), "R2": ("NW", "E002")}
"""Rep → territory and employee; two phones for the first, one for the second."""


class Company:
    """A Tryton that lives through all runs, and a Satchel that has read it, to be copied."""

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
        wanted = [["type", "=", "warehouse"], ["code", "=", "W1"]]
        with TrytonSession.admin(self.tryton) as office:
            return str(office("stock.location", "search_read", wanted, 0, None, None, ["code"])[0]["id"])

    def __exit__(self, *error: Any) -> None:
        self.postgres.remove()


class Site:
    """The servers of one run, all of them on; `with` puts them away."""

    def __init__(
        self, company: Company, folder: Path, seed: int, most: int, pace: float, root: Path = ROOT
    ) -> None:
        """Each phone captures *most* documents, *pace* seconds apart; the nodes run the product in *root*."""
        self.company, self.folder, self.seed = company, folder, seed
        self.most, self.pace = most, pace
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
            self.nodes = [Node(self._made(name), self._environ(), self.root) for name in ("a", "b")]
            for node in self.nodes:
                node.start_web(wait=False)  # phones do not wait for it either
                node.start_worker()
            self._line("phones", self.nodes[0].port)
            self._enrol()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _made(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir()
        return folder

    def _line(self, name: str, port: int) -> None:
        self.lines[name] = Proxy(port, seed=self.seed).__enter__()

    def _environ(self) -> dict[str, str]:
        ours, line = f":{self.primary.port}/", f":{self.lines['database'].port}/"
        return {
            **self.tryton.settings,
            "SATCHEL_FOLDER": str(self.folder / "instance"),
            "SATCHEL_ERP_URL": f"http://127.0.0.1:{self.lines['erp'].port}",
            "SATCHEL_DATABASE_URL": self.primary.url(DATABASE).replace(ours, line),
            "SATCHEL_REDIS_URL": f"redis://127.0.0.1:{self.lines['redis'].port}/0",
            "SATCHEL_PUBLIC_URL": "http://satchel.test",
            "SATCHEL_LEASE_SECONDS": "15",
            "SATCHEL_BACKOFF_BASE_SECONDS": "1",
            "SATCHEL_BACKOFF_CAP_SECONDS": "5",
        }

    def _enrol(self) -> None:
        server = f"http://127.0.0.1:{self.lines['phones'].port}"
        reps = ("R1", "R1", "R2")
        with ThreadPoolExecutor() as pool:
            codes = list(pool.map(lambda rep: self.nodes[0].command("rep", "code", rep), reps))
        for n, (rep, said) in enumerate(zip(reps, codes, strict=True)):
            code, folder = said.strip().splitlines()[-1], self.folder / f"phone{n}"
            phone = PhoneProcess(folder, server, code, rep, self.seed + n, self.most, self.pace)
            self.phones.append(phone)
            phone.start()

    def heal(self) -> None:
        """Set everything right that a fault may have left, and do what an operator would."""
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
            eventually(self._reconciled, "reconciling finds everything in order", 90)

    def _reconciled(self) -> bool:
        said = self.nodes[1].command("delivery", "reconcile", check=False)
        (self.folder / "reconcile.log").write_text(said)
        return "Sending to the ERP goes on." in said or "Sending is not held." in said

    def waiting(self) -> dict[int, str]:
        """Return how the phones stand that still wait for something, or have not synced for some seconds."""
        standings = {number: phone.standing for number, phone in enumerate(self.phones)}
        return {number: str(how) for number, how in standings.items() if not _has_all(how)}

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


def _has_all(standing: dict[str, Any]) -> bool:
    fresh = standing.get("at", 0) > time.time() - 10
    return bool(fresh and standing["complete"] and not standing["open"])
