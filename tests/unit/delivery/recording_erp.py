"""An ERP that is a folder: fsynced files outside our database, and a script of how it behaves.

Several processes may use it at once, as several workers use one ERP. What it has executed stands in
`executed.jsonl`, what it was asked in `calls.jsonl`; the tests compare those with what Satchel believes.
"""

import datetime as dt
import fcntl
import json
import os
import signal
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import (
    Acknowledgement,
    Capabilities,
    Document,
    ErpDocument,
    ForecastLine,
    Health,
    Outcome,
    ReadPage,
    ReceiptFile,
)
from sync_protocol.submission import State

KINDS = frozenset({"order", "forecast", "expense_claim"})


class RecordingErp:
    """The connector and the ERP in one; `script` says how the next calls go."""

    name = "recording"

    def __init__(
        self,
        folder: Path,
        *,
        enforces_key: bool = False,
        quiet: float = 30.0,
        collections: tuple[str, ...] = (),
    ) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.enforces_key = enforces_key
        self.quiet = quiet
        self.collections = collections
        self.totals: dict[str, str] = {}
        """What documents come to, by our key, where a test says so."""

    # What tests say and ask

    def script(self, step: str, *modes: str) -> None:
        """Let the next calls of *step* go by *modes*, one each; the last one stays."""
        with self._locked():
            self._write("script.json", {**self._read("script.json", {}), step: list(modes)})

    @property
    def executed(self) -> list[dict[str, Any]]:
        """What has been executed, in order."""
        return self._lines("executed.jsonl")

    @property
    def calls(self) -> list[list[str]]:
        """[step, key] of every call, in order."""
        return [[call["step"], call["key"]] for call in self._lines("calls.jsonl")]

    def created(self, key: str) -> int:
        """How many documents with our *key* were ever created."""
        return sum(entry["event"] == "create" and entry["key"] == key for entry in self.executed)

    def forecast(self) -> dict[tuple[str, str, str], tuple[str, str]]:
        """The forecast as it stands: (warehouse, period, product) → (quantity, unit)."""
        lines = {}
        for entry in self.executed:
            if entry["event"] == "upsert":
                place = (entry["warehouse"], entry["period"], entry["product"])
                lines[place] = (entry["quantity"], entry["unit"])
        return lines

    def lose(self, *keys: str, since: str | None = None) -> None:
        """Forget documents: those of *keys*; or, as a backup put back does, *since* and all after it."""
        entries = self.executed
        if since is not None:
            first = next(n for n, e in enumerate(entries) if e.get("key") == since)
            left = entries[:first]
        else:
            gone = {e["id"] for e in entries if e.get("key") in keys}
            left = [e for e in entries if e.get("id") not in gone]
        with self._locked():
            (self.folder / "executed.jsonl").write_text("".join(json.dumps(e) + "\n" for e in left))

    def acknowledge(self, token: str, key: str, state: str, number: str | None = None) -> None:
        """Leave a late answer."""
        folder = self.folder / "acknowledgements"
        folder.mkdir(exist_ok=True)
        answer = {"key": key, "state": state, "number": number}
        (folder / token).write_text(json.dumps(answer))

    # The port

    def check(self) -> Health:
        self._note("check", "")
        mode = self._mode("check")
        problems = () if mode == "ok" else ("the account is still locked",)
        return Health("recording 1", dt.datetime.now(dt.UTC), problems)

    def capabilities(self) -> Capabilities:
        return Capabilities(
            collections=self.collections,
            kinds=KINDS,
            enforces_key=frozenset({"order", "expense_claim"}) if self.enforces_key else frozenset(),
            lists_keys=frozenset(),
            quiet_seconds=self.quiet,
        )

    def read(self, collection: str, watermark: str | None, limit: int) -> ReadPage:
        self._note("read", collection)
        self._misbehave(self._mode("read"))
        return ReadPage((), "0", more=False)

    def reread(self, collection: str, keys: Sequence[str]) -> ReadPage:
        return ReadPage((), "", more=False, gone=tuple(keys))

    def keys(self, collection: str) -> Iterable[str]:
        raise ErpError(ErrorClass.CONFIG, "the recording ERP has nothing to list")

    def find(self, kind: str, key: str) -> list[ErpDocument]:
        self._note("find", key)
        mode = self._mode("find")
        self._misbehave(mode)
        with self._locked():
            hits = [self._as_found(e) for e in self.executed if e["event"] == "create" and e["key"] == key]
            states = {e["id"]: e["state"] for e in self.executed if e["event"] == "advance"}
        if mode == "blind":
            return []
        hits = [replace(hit, state=states.get(hit.external_id, hit.state)) for hit in hits]
        return hits * 2 if mode == "twice" else hits

    def find_by_number(self, kind: str, number: str) -> list[ErpDocument]:
        self._note("find_by_number", number)
        self._misbehave(self._mode("find_by_number"))
        hits = [e for e in self.executed if e["event"] == "create" and e["kind"] == kind]
        return [
            ErpDocument(e["id"], number, "done", e["key"] or None) for e in hits if f"SO{e['id']}" == number
        ]

    def decide(self, id: str, state: str) -> None:
        """Bring the document with the ERP's *id* to *state*, as a person there does."""
        with self._locked():
            self._append("executed.jsonl", {"event": "advance", "id": id, "state": state})

    def by_hand(self, kind: str = "order", key: str = "") -> str:
        """Enter a document by hand, under no key of ours unless told; return its number."""
        with self._locked():
            number = 1 + sum(entry["event"] == "create" for entry in self.executed)
            entry = {"event": "create", "kind": kind, "key": key, "id": str(number), "state": "done"}
            self._append("executed.jsonl", entry)
        return f"SO{number}"

    def create(self, document: Document) -> ErpDocument:
        self._note("create", document.id)
        mode = self._mode("create")
        if mode.startswith("hang_then_commit:"):
            time.sleep(float(mode.partition(":")[2]))
        elif not mode.startswith("commit_then_"):
            self._misbehave(mode)
        with self._locked():
            if self.enforces_key and self.created(document.id):
                raise ErpError(ErrorClass.DUPLICATE_OK, "the ERP has this key already")
            number = 1 + sum(entry["event"] == "create" for entry in self.executed)
            entry = {
                "event": "create",
                "kind": document.kind,
                "key": document.id,
                "id": str(number),
                "rep": document.rep.id,
                "body": dict(document.body),
                "receipts": [_bytes(receipt).decode() for receipt in document.receipts],
            }
            self._append("executed.jsonl", entry)
        if mode.startswith("commit_then_"):
            self._misbehave(mode.removeprefix("commit_then_"))
        return self._as_found(entry)

    def advance(self, document: Document, erp_document: ErpDocument) -> Outcome:
        self._note("advance", document.id)
        mode = self._mode("advance")
        if mode in {state.value for state in State}:
            state = State(mode)
        else:
            self._misbehave(mode)
            state = State.ACCEPTED
        reasons = {State.ON_HOLD: "credit limit", State.REJECTED: "the period is closed"}
        with self._locked():
            self._append(
                "executed.jsonl", {"event": "advance", "id": erp_document.external_id, "state": state.value}
            )
        return Outcome(
            state,
            erp_document.external_id,
            f"SO{erp_document.external_id}",
            reasons.get(state),
            raw=f"said {mode}",
        )

    def upsert_forecast(self, lines: Iterable[ForecastLine]) -> dict[str, ErpDocument]:
        wanted = list(lines)
        self._note("upsert", wanted[0].product_id if wanted else "")
        mode = self._mode("upsert")
        if not mode.startswith("commit_then_"):
            self._misbehave(mode)
        found = {}
        with self._locked():
            for line in wanted:
                key = f"{line.warehouse_id}/{line.period}/{line.product_id}"
                self._append(
                    "executed.jsonl",
                    {
                        "event": "upsert",
                        "warehouse": line.warehouse_id,
                        "period": line.period,
                        "product": line.product_id,
                        "quantity": f"{Decimal(line.quantity):f}",
                        "unit": line.unit,
                    },
                )
                found[line.product_id] = ErpDocument(key, None, "done")
        if mode.startswith("commit_then_"):
            self._misbehave(mode.removeprefix("commit_then_"))
        return found

    def acknowledgements(self) -> Iterable[Acknowledgement]:
        for path in sorted((self.folder / "acknowledgements").glob("*")):
            answer = json.loads(path.read_text())
            outcome = Outcome(State(answer["state"]), None, answer["number"], raw="acknowledged")
            yield Acknowledgement("order", answer["key"], outcome, path.name)

    def confirm(self, token: str) -> None:
        self._note("confirm", token)
        (self.folder / "acknowledgements" / token).unlink(missing_ok=True)

    def close(self) -> None:
        pass

    # How it misbehaves

    def _misbehave(self, mode: str) -> None:
        name, _, value = mode.partition(":")
        if name == "timeout":
            raise ErpError(ErrorClass.UNKNOWN, "the ERP did not answer in time", no_answer=True)
        if name == "hang":
            time.sleep(float(value))
            raise ErpError(ErrorClass.UNKNOWN, "the ERP did not answer in time", no_answer=True)
        if name == "down":
            raise ErpError(ErrorClass.TRANSIENT, "the ERP cannot be reached", no_answer=True)
        if name == "latency":
            time.sleep(float(value))
        if name == "503":
            raise ErpError(
                ErrorClass.TRANSIENT,
                "the ERP is closed for maintenance",
                retry_after=float(value or 0) or None,
                no_answer=True,
            )
        if name == "refuse":
            raise ErpError(
                ErrorClass.REJECT_REP, "the minimum quantity is 5", field="lines[0].quantity", raw="E4711"
            )
        if name == "refuse_office":
            raise ErpError(ErrorClass.REJECT_OFFICE, "the customer is over the credit limit")
        if name == "config":
            raise ErpError(ErrorClass.CONFIG, "the account's password has expired", raw="401")
        if name == "duplicate_ok":
            raise ErpError(ErrorClass.DUPLICATE_OK, "the ERP has this key already")
        if name == "duplicate_bad":
            raise ErpError(ErrorClass.DUPLICATE_BAD, "two documents carry this key")
        if name == "garbage":
            raise ValueError("<html>Welcome to the airport</html>")
        if name == "kill":
            os.kill(os.getpid(), signal.SIGKILL)

    def _mode(self, step: str) -> str:
        with self._locked():
            script = self._read("script.json", {})
            modes = script.get(step) or ["ok"]
            if len(modes) > 1:
                self._write("script.json", {**script, step: modes[1:]})
            return str(modes[0])

    # Files

    def _as_found(self, entry: Mapping[str, Any]) -> ErpDocument:
        total = self.totals.get(entry["key"])
        number = f"SO{entry['id']}"
        return ErpDocument(entry["id"], number, "draft", total=Decimal(total) if total else None)

    def _note(self, step: str, key: str) -> None:
        with self._locked():
            self._append("calls.jsonl", {"step": step, "key": key})

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _lines(self, name: str) -> list[dict[str, Any]]:
        path = self.folder / name
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def _append(self, name: str, entry: Mapping[str, Any]) -> None:
        with (self.folder / name).open("a") as file:
            file.write(json.dumps(entry) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _read(self, name: str, default: Any) -> Any:
        path = self.folder / name
        return json.loads(path.read_text()) if path.exists() else default

    def _write(self, name: str, value: Any) -> None:
        (self.folder / f"{name}.new").write_text(json.dumps(value))
        (self.folder / f"{name}.new").replace(self.folder / name)


def connect(options: Mapping[str, str]) -> RecordingErp:
    """Return the connector, as an entry point does; options: folder, enforces_key, quiet, collections."""
    return RecordingErp(
        Path(options["folder"]),
        enforces_key=options.get("enforces_key") == "yes",
        quiet=float(options.get("quiet", "1")),
        collections=tuple(options.get("collections", "").split()),
    )


def _bytes(receipt: ReceiptFile) -> bytes:
    with receipt.open() as file:
        return file.read()
