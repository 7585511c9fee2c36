"""A real server with the sample company, which can continue with another build of the app."""

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from backend.sample_erp.run import DATABASE_FILE
from backend.webapp.builder import __main__ as webapp_build
from tests.browser.chaos.comparison import WITHDRAWAL, ServerDocument
from tests.browser.chaos.product import copy
from tests.browser.chaos.step_server import StepServer
from tests.browser.chaos.steps import JsEdit, edits
from tests.services.file_lock import CACHE, file_lock
from tests.services.link import PERFECT
from tests.services.proxy import Proxy
from tests.system.scenarios.node import Node
from tests.system.scenarios.test_journey_flatfile import SampleErp

REP = "R1"
MARKS = {"order": "customer_reference", "expense_claim": "purpose", WITHDRAWAL: "submission_id"}
"""Kind → the field with its mark."""


def build_app() -> None:
    """Build the app of this checkout, whose libraries the copies use; other test processes wait for it."""
    with file_lock(CACHE / "webapp.lock"):
        webapp_build.build_checkout()


class Installation:
    """The server, run from one of two copies of the product, which differ in the build of the app.

    Attributes:
        steps: What the steps of the app ask.
        line: The line between the phones and the server; its address is the app's origin.
    """

    def __init__(self, folder: Path, broken: Sequence[JsEdit] = ()) -> None:
        """*broken* are edits of the app's source that are a fault."""
        self.folder = folder
        self.steps = StepServer()
        all_edits = [*broken, *edits(self.steps.address)]
        old, new = (copy(folder / f"source-{n}", all_edits, f"0.0.{n}") for n in (1, 2))
        self.erp = SampleErp(folder / "erp")
        instance = str(folder / "instance")
        settings = {"SATCHEL_ERP_FOLDER": str(self.erp.folder), "SATCHEL_FOLDER": instance}
        for name in ("old", "new"):
            (folder / name).mkdir()
        self.old, self.new = Node(folder / "old", settings, old), Node(folder / "new", settings, new)
        self._serving = self.old
        self.line = Proxy(self.old.port)
        self.url = f"http://127.0.0.1:{self.line.port}"
        for node in (self.old, self.new):
            node.environ["SATCHEL_PUBLIC_URL"] = self.url

    def __enter__(self) -> Self:
        self.line.__enter__()
        try:
            self.old.command("init", "--sample")
            self.old.command("ingest")
            self.old.start_web()
        except BaseException as error:
            self.__exit__(type(error), error, error.__traceback__)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for node in (self.old, self.new):
            node.__exit__(kind, error, trace)
        self.line.__exit__(None, None, None)
        self.steps.close()

    def code(self) -> str:
        """Return a code with which a phone enrols."""
        return self.old.command("rep", "code", REP).strip().splitlines()[-1]

    def publish(self) -> None:
        """Serve the other build from now on; every phone takes another one for a newer one."""
        # Two web servers cannot use one SQLite database.
        self._serving.stop(self._serving.web)
        self._serving = self.new if self._serving is self.old else self.old
        self._serving.start_web()
        self.line.point(self._serving.port)

    def heal(self) -> None:
        """Repair everything that a fault may have left broken."""
        self.line.link = PERFECT
        self.line.heal()
        self.steps.release()

    def end_tokens(self) -> None:
        """End every access token that was issued so far."""
        with closing(self._database()) as database, database:
            database.execute("UPDATE device SET version = version + 1")

    def revoke(self) -> None:
        """Revoke every phone."""
        with closing(self._database()) as database:
            devices = database.execute("SELECT id FROM device WHERE revoked_at IS NULL").fetchall()
        for (id,) in devices:
            self.old.command("rep", "revoke", id)

    def import_unsent(self, file: Path) -> None:
        """Import the *file* that a phone wrote when it was revoked."""
        self.old.command("import-unsent", str(file))

    def documents(self, prefix: str) -> list[ServerDocument]:
        """Return the documents whose marks begin with *prefix*, and all withdrawals."""
        with closing(self._database()) as database:
            rows = database.execute("SELECT id, kind, body, state, sha256, needs FROM submission").fetchall()
        documents = [_document(*row) for row in rows]
        return [each for each in documents if each.kind == WITHDRAWAL or each.mark.startswith(prefix)]

    def receipts(self) -> frozenset[str]:
        """Return the sha256 of every stored receipt, computed from its bytes."""
        files = (self.folder / "instance" / "receipts").rglob("*")
        return frozenset(hashlib.sha256(file.read_bytes()).hexdigest() for file in files if file.is_file())

    def work(self) -> None:
        """Run the ERP once, over what the worker has handed over."""
        self.erp.run("--once")

    def in_erp(self) -> list[str]:
        """Return the mark of every order in the ERP."""
        with closing(sqlite3.connect(self.erp.folder / DATABASE_FILE, timeout=30)) as database:
            rows = database.execute("SELECT customer_reference FROM orders WHERE satchel_key <> ''")
            return [mark for (mark,) in rows]

    def _database(self) -> sqlite3.Connection:
        return sqlite3.connect(self.folder / "instance" / "satchel.sqlite", timeout=30)


def _document(id: str, kind: str, body: str, state: str, sha256: str, needs: str) -> ServerDocument:
    fields: dict[str, Any] = json.loads(body)
    mark = str(fields.get(MARKS.get(kind, "")) or "")
    receipts = frozenset(need.removeprefix("sha256:") for need in json.loads(needs))
    return ServerDocument(id, kind, mark, state, sha256, receipts)
