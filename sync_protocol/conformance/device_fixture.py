"""The fixture for the rules of a device: a scripted server, a driver in a new folder, and expectations."""

import datetime as dt
import tempfile
from pathlib import Path
from typing import Any

from sync_protocol.catalogue.order import ORDER
from sync_protocol.conformance.driver_process import Driver, Drivers
from sync_protocol.conformance.http_server import HttpServer
from sync_protocol.conformance.rule import RuleViolation, expect
from sync_protocol.conformance.script import NW, Changes, Json, Script, customer
from sync_protocol.conformance.scripted_server import CODE, ScriptedServer
from sync_protocol.conformance.verify_replies import Rows

PUSHES = ("/v1/push", "/v1/sync")
FIRST_CURSOR = "kit:1"
"""The cursor of the script's first page."""


def order_body(date: dt.datetime, **more: Any) -> Json:
    """Return the body of an order of *date* whose records are all on the script's first page.

    *date* must be near the time of the script's server: devices refuse old orders.
    """
    line = {"line_no": 1, "product_id": "P1", "quantity": "3", "unit": "u", "unit_price": "1.50"}
    order_date = date.date().isoformat()
    return {"customer_id": "C1", "order_date": order_date, "currency": "EUR", "lines": [line], **more}


def base_records() -> list[Changes]:
    """Return the records that an order and an expense claim may cite."""
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
    """A device, its server, and its folder."""

    def __init__(self, drivers: Drivers, folder: Path, *, browser: bool = False) -> None:
        """*browser*: the device is a page in a browser, which does not see the bytes of a connection."""
        self.browser = browser
        self.script = Script()
        self.script.page(None, FIRST_CURSOR, *base_records())
        self.server = ScriptedServer(self.script)
        self.http = HttpServer(self.server.respond, browser=browser)
        self.repair_allowed = False
        """Whether in this rule the replica may differ and be repaired by verification."""
        self._drivers = drivers
        self.folder = str(folder)

    def close(self) -> None:
        """Stop the server."""
        self.http.close()

    def second_driver(self) -> Driver:
        """Start a second driver; the caller kills it."""
        return self._drivers.another()

    def send(self, do: str, **more: Any) -> Json:
        """Send the driver a command and return its answer; raises `RuleViolation` if it does not answer.

        The commands, and the keys of each answer, are in docs/conformance.md.
        """
        return self._drivers.main().send({"do": do, **more})

    def must(self, do: str, **more: Any) -> Json:
        """Send the driver a command that must succeed, and return its answer."""
        answer = self.send(do, **more)
        expect(answer["ok"], f"`{do}` did not succeed: {answer.get('error', answer)}")
        return answer

    def kill(self) -> None:
        """Kill the device without warning and start it again in its folder."""
        self._drivers.main().kill()
        self.must("open", folder=self.folder)

    def enrol(self, code: str = CODE) -> Json:
        """Enrol at the scripted server."""
        return self.send("enrol", server=self.http.address, code=code)

    def ready(self) -> None:
        """Enrol the device and sync the script's first page."""
        expect(self.enrol()["ok"], "the device cannot be enrolled; see the rule `enrolment`")
        self.must("sync")
        self.expect_replica(FIRST_CURSOR)

    def order(self, **more: Any) -> str:
        """Capture an order and return its id."""
        body = order_body(self.script.server_time, **more)
        return str(self.must("capture", kind=ORDER.name, body=body, receipts=[])["id"])

    def sent_order(self, **more: Any) -> str:
        """Capture an order, sync, and return its id; the server has the order."""
        id = self.order(**more)
        self.must("sync")
        expect(id in self.server.documents, "the order was not pushed")
        return id

    @property
    def cursor(self) -> str | None:
        """The cursor that the device holds after a sync: the script's last one after that of its request."""
        request = [r for r in self.server.received if r.path in ("/v1/pull", "/v1/sync")][-1]
        cursor = request.query.get("cursor") if request.method == "GET" else request.value.get("cursor")
        while (page := self.script.pages.get(cursor)) is not None and page["cursor"] != cursor:
            cursor = page["cursor"]
        return cursor

    def pushed(self, id: str) -> list[Json]:
        """Return every pushed copy of document *id*, in order."""
        return [
            document
            for request in self.server.received
            if request.path in PUSHES
            for document in request.value["submissions"]
            if document["id"] == id
        ]

    def records(self) -> dict[tuple[str, str], Json]:
        """Return the device's records."""
        return {(c, key): record for c, key, record in self.must("dump")["records"]}

    def documents(self) -> dict[str, Json]:
        """Return the device's documents by id."""
        return {document["id"]: document for document in self.must("dump")["documents"]}

    def expect_replica(self, cursor: str | None, failure: str = "") -> None:
        """Require that the replica holds what the script says it holds at *cursor*.

        *failure* describes the failure in the result.
        """
        self.expect_rows(self.script.rows[cursor], failure)

    def expect_rows(self, rows: Rows, failure: str = "") -> None:
        """Require that the replica holds exactly *rows*."""
        if self.server.requests("/v1/verify") and not self.repair_allowed:
            raise RuleViolation(f"{failure or 'the replica'}: it differed, and only verification repaired it")
        expected = {at: row[2] for at, row in rows.items()}
        actual = self.records()
        if actual != expected:
            missing = [f"{c} {key} is missing" for c, key in sorted(expected.keys() - actual.keys())]
            surplus = [f"{c} {key} is still there" for c, key in sorted(actual.keys() - expected.keys())]
            both = sorted(expected.keys() & actual.keys())
            stale = [f"{c} {key} has other contents" for c, key in both if actual[c, key] != expected[c, key]]
            differences = "; ".join([*missing, *surplus, *stale][:4])
            raise RuleViolation(f"{failure}: {differences}" if failure else differences)

    def expect_document(self, id: str) -> Json:
        """Return the document *id*, which must still be on the device."""
        document = self.documents().get(id)
        if document is None:
            raise RuleViolation(f"document {id} is no longer on the device")
        return document

    def expect_no_faults(self) -> None:
        """Require that no request broke the rules of the wire."""
        expect(not self.server.faults, "; ".join(self.server.faults))


def temporary_folder() -> tempfile.TemporaryDirectory[str]:
    """Return a temporary folder for one device."""
    return tempfile.TemporaryDirectory(prefix="satchel-conformance-", ignore_cleanup_errors=True)
