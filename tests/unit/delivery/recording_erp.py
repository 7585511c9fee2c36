"""An ERP that is a folder: fsynced files outside our database, and a script of how it behaves.

Several processes may use it at once, as several workers use one ERP. What it has executed stands in
`executed.jsonl`, what it was asked in `calls.jsonl`; the tests compare those with what Satchel believes.
"""

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
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
from tests.eventually import eventually
from tests.unit.delivery.erp_clerks import ErpClerks
from tests.unit.delivery.misbehaviour import misbehave

KINDS = frozenset({"order", "forecast", "expense_claim"})


class RecordingErp(ErpClerks):
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
        super().__init__(folder)
        self.enforces_key = enforces_key
        self.quiet = quiet
        self.collections = collections
        self.totals: dict[str, str] = {}
        """What documents come to, by our key, where a test says so."""
        self.numbers: dict[str, str] = {}
        """The number of a document, by its id, where a test says so; else it is made of the id."""
        self.stored: dict[str, str] = {}
        """The quantity of a forecast that the ERP stores, by product, where a test says so."""

    # What tests say and ask

    def script(self, step: str, *modes: str) -> None:
        """Let the next calls of *step* go by *modes*, one each; the last one stays."""
        with self._locked():
            self._write("script.json", {**self._read("script.json", {}), step: list(modes)})

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
        misbehave(self._mode("read"))
        return ReadPage((), "0", more=False)

    def reread(self, collection: str, keys: Sequence[str]) -> ReadPage:
        return ReadPage((), "", more=False, gone=tuple(keys))

    def keys(self, collection: str) -> Iterable[str]:
        raise ErpError(ErrorClass.CONFIG, "the recording ERP has nothing to list")

    def find(self, kind: str, key: str) -> list[ErpDocument]:
        self._note("find", key)
        mode = self._mode("find")
        misbehave(mode)
        with self._locked():
            hits = [self._as_found(e) for e in self.executed if e["event"] == "create" and e["key"] == key]
            states = {e["id"]: e["state"] for e in self.executed if e["event"] == "advance"}
        if mode == "blind":
            return []
        hits = [replace(hit, state=states.get(hit.external_id, hit.state)) for hit in hits]
        return hits * 2 if mode == "twice" else hits

    def find_by_number(self, kind: str, number: str) -> list[ErpDocument]:
        self._note("find_by_number", number)
        misbehave(self._mode("find_by_number"))
        hits = [e for e in self.executed if e["event"] == "create" and e["kind"] == kind]
        states = {e["id"]: e["state"] for e in self.executed if e["event"] == "advance"}
        return [
            replace(
                self._as_found(e),
                state=states.get(e["id"], "done"),
                key=e["key"] or None,
                customer_id=e.get("body", {}).get("customer_id"),
            )
            for e in hits
            if self._number(e["id"]) == number
        ]

    def create(self, document: Document) -> ErpDocument:
        self._note("create", document.id)
        mode = self._mode("create")
        if mode.startswith("together:"):
            self._wait_for_creates(int(mode.partition(":")[2]))
        elif not mode.startswith("commit_then_"):
            misbehave(mode)
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
                "receipts": [
                    _bytes(receipt).decode(errors="backslashreplace") for receipt in document.receipts
                ],
            }
            self._append("executed.jsonl", entry)
        if mode.startswith("commit_then_"):
            misbehave(mode.removeprefix("commit_then_"))
        return self._as_found(entry)

    def _wait_for_creates(self, number: int) -> None:
        """Wait until so many documents have been created or are being created, whoever does it."""
        eventually(lambda: sum(step == "create" for step, _ in self.calls) >= number, "another create begins")

    def advance(self, document: Document, erp_document: ErpDocument) -> Outcome:
        self._note("advance", document.id)
        mode = self._mode("advance")
        if mode.startswith("answers:"):
            # The answer has the id of another document.
            external_id = mode.partition(":")[2]
            return Outcome(State.ACCEPTED, external_id, f"SO{external_id}")
        if mode in {state.value for state in State}:
            state = State(mode)
        else:
            misbehave(mode)
            state = State.ACCEPTED
        reasons = {State.ON_HOLD: "credit limit", State.REJECTED: "the period is closed"}
        with self._locked():
            self._append(
                "executed.jsonl", {"event": "advance", "id": erp_document.external_id, "state": state.value}
            )
        return Outcome(
            state,
            erp_document.external_id,
            self._number(erp_document.external_id),
            reasons.get(state),
            raw=f"said {mode}",
            total=Decimal(self.totals[document.id]) if document.id in self.totals else None,
        )

    def upsert_forecast(self, lines: Iterable[ForecastLine]) -> dict[str, ErpDocument]:
        forecast_lines = list(lines)
        self._note("upsert", forecast_lines[0].product_id if forecast_lines else "")
        mode = self._mode("upsert")
        if not mode.startswith("commit_then_"):
            misbehave(mode)
        documents = {}
        with self._locked():
            for line in forecast_lines:
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
                stored = Decimal(self.stored.get(line.product_id, line.quantity))
                documents[line.product_id] = ErpDocument(key, None, "done", total=stored)
        if mode.startswith("commit_then_"):
            misbehave(mode.removeprefix("commit_then_"))
        return documents

    def acknowledgements(self) -> Iterable[Acknowledgement]:
        for path in sorted((self.folder / "acknowledgements").glob("*")):
            answer = json.loads(path.read_text())
            total = None if answer["total"] is None else Decimal(answer["total"])
            outcome = Outcome(State(answer["state"]), None, answer["number"], raw="acknowledged", total=total)
            yield Acknowledgement("order", answer["key"], outcome, path.name)

    def answer(self, kind: str, key: str) -> Outcome | None:
        for name in ("acknowledgements", "confirmed"):
            for path in sorted((self.folder / name).glob("*"), reverse=True):
                answer = json.loads(path.read_text())
                if answer["key"] == key:
                    return Outcome(State(answer["state"]), None, answer["number"], raw="acknowledged")
        return None

    def confirm(self, token: str) -> None:
        self._note("confirm", token)
        (self.folder / "confirmed").mkdir(exist_ok=True)
        path = self.folder / "acknowledgements" / token
        if path.exists():
            path.rename(self.folder / "confirmed" / token)

    def close(self) -> None:
        pass

    def _mode(self, step: str) -> str:
        with self._locked():
            script = self._read("script.json", {})
            modes = script.get(step) or ["ok"]
            if len(modes) > 1:
                self._write("script.json", {**script, step: modes[1:]})
            return str(modes[0])

    def _as_found(self, entry: Mapping[str, Any]) -> ErpDocument:
        total = self.totals.get(entry["key"])
        number = self._number(entry["id"])
        return ErpDocument(entry["id"], number, "draft", total=Decimal(total) if total else None)

    def _number(self, id: str) -> str:
        return self.numbers.get(id, f"SO{id}")

    def _note(self, step: str, key: str) -> None:
        with self._locked():
            self._append("calls.jsonl", {"step": step, "key": key})


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
