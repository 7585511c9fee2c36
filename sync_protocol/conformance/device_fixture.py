"""The bench a device stands on: a scripted server, a driver in a fresh folder, and what is asked of both."""

import datetime as dt
import tempfile
from pathlib import Path
from typing import Any

from sync_protocol.conformance.driver_process import Driver, Drivers
from sync_protocol.conformance.script import NW, Changes, Json, Rows, Script, customer
from sync_protocol.conformance.scripted_server import CODE, ScriptedServer
from sync_protocol.conformance.verdict import RuleViolation, expect

FIRST = "kit:1"
"""The cursor of the story's first page."""


def today() -> str:
    """Return today's date: devices refuse orders of long ago."""
    return dt.datetime.now(dt.UTC).date().isoformat()


def order_body(**more: Any) -> Json:
    """Return the body of an order that the story's first page has everything for."""
    line = {"line_no": 1, "product_id": "P1", "quantity": "3", "unit": "u", "unit_price": "1.50"}
    return {"customer_id": "C1", "order_date": today(), "currency": "EUR", "lines": [line], **more}


def basics() -> list[Changes]:
    """Return what an order and a claim may cite."""
    unit = {"id": "u", "name": "Unit", "symbol": "u", "category": "unit", "factor": "1", "decimals": 0}
    product = {
        "id": "P1", "sku": "P1", "name": "Pencil", "kind": "product", "group": None, "base_unit": "u",
        "units": [{"unit": "u", "factor": "1"}], "barcodes": [], "active": True, "sellable": True, "fits": [],
        "replaced_by": None,
    }  # fmt: skip
    category = {
        "id": "meals", "name": "Meals", "currency": "EUR", "limit_per_line": "100.00", "receipt_above": "20.00",
        "active": True,
    }  # fmt: skip
    return [
        Changes("everyone", "units", [(1, unit)]),
        Changes("everyone", "products", [(2, product)]),
        Changes("everyone", "expense_categories", [(3, category)]),
        Changes(NW, "customers", [(4, customer("C1")), (5, customer("C2"))]),
    ]


class DeviceFixture:
    """A device and the server it speaks to; *folder* is the device's own."""

    def __init__(self, drivers: Drivers, folder: Path) -> None:
        self.story = Script()
        self.story.page(None, FIRST, *basics())
        self.server = ScriptedServer(self.story)
        self.may_mend = False
        """Whether the rule lets the replica differ, and be mended by verification."""
        self._drivers = drivers
        self.folder = str(folder)

    def close(self) -> None:
        """End the server."""
        self.server.line.close()

    def twin(self) -> Driver:
        """Start a second driver."""
        return self._drivers.another()

    def tell(self, do: str, **more: Any) -> Json:
        """Tell the driver something and return its answer; raises `Broken` if it does not answer."""
        return self._drivers.main().tell({"do": do, **more})

    def must(self, do: str, **more: Any) -> Json:
        """Tell the driver something that has to succeed."""
        answer = self.tell(do, **more)
        expect(answer["ok"], f"`{do}` did not succeed: {answer.get('error', answer)}")
        return answer

    def kill(self) -> None:
        """Kill the device without a warning and start it again in its folder."""
        self._drivers.main().kill()
        self.must("open", folder=self.folder)

    def enrol(self) -> Json:
        """Enrol at the scripted server."""
        return self.tell("enrol", server=self.server.line.address, code=CODE)

    def ready(self) -> None:
        """Enrol and sync the story's first page."""
        expect(self.enrol()["ok"], "the device cannot be enrolled; see the rule `enrolment`")
        self.must("sync")
        self.holds(FIRST)

    def order(self, **more: Any) -> str:
        """Capture an order and return its id."""
        return str(self.must("capture", kind="order", body=order_body(**more), receipts=[])["id"])

    def records(self) -> dict[tuple[str, str], Json]:
        """Return the device's records."""
        return {(c, key): record for c, key, record in self.must("dump")["records"]}

    def documents(self) -> dict[str, Json]:
        """Return the device's documents by id."""
        return {document["id"]: document for document in self.must("dump")["documents"]}

    def holds(self, cursor: str | None, otherwise: str = "") -> None:
        """Demand that the replica is what the story says it is at *cursor*."""
        self.holds_rows(self.story.rows[cursor], otherwise)

    def holds_rows(self, rows: Rows, otherwise: str = "") -> None:
        """Demand that the replica holds exactly *rows*."""
        if self.server.requests("/v1/verify") and not self.may_mend:
            raise RuleViolation(f"{otherwise or 'the replica'}: it differed, and only verification mended it")
        wanted = {at: row[2] for at, row in rows.items()}
        held = self.records()
        if held != wanted:
            missing = [f"{c} {key} is missing" for c, key in sorted(wanted.keys() - held.keys())]
            surplus = [f"{c} {key} is still there" for c, key in sorted(held.keys() - wanted.keys())]
            stale = [f"{c} {key} reads otherwise" for c, key in sorted(wanted) if (c, key) in held]
            stale = [s for s in stale if held[tuple(s.split(" ")[:2])] != wanted[tuple(s.split(" ")[:2])]]  # type: ignore[index]
            said = "; ".join([*missing, *surplus, *stale][:4])
            raise RuleViolation(f"{otherwise}: {said}" if otherwise else said)

    def kept(self, id: str) -> Json:
        """Return a document that has to be on the device still."""
        found = self.documents().get(id)
        if found is None:
            raise RuleViolation(f"document {id} is not on the device any more")
        return found

    def no_faults(self) -> None:
        """Demand that the server met nothing that breaks the wire."""
        expect(not self.server.faults, "; ".join(self.server.faults))


def folder() -> tempfile.TemporaryDirectory[str]:
    """Return a folder for one device."""
    return tempfile.TemporaryDirectory(prefix="satchel-conformance-", ignore_cleanup_errors=True)
