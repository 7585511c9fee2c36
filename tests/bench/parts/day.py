"""A rep's day on a bad line: first sync, twenty deltas, fifteen orders, two expense claims with photographs.

The reference device plays it, and every byte goes through the proxy. The line is cut after every `CUT_BYTES`,
and the device continues where it stopped. Comparing with the same day on a line without faults gives the bytes
that it had to send or fetch twice.
"""

import tempfile
import time
from dataclasses import dataclass
from typing import Any

import httpx

from sync_protocol.device.capture import forms
from sync_protocol.device.device import Device
from sync_protocol.device.store.receipts import receipt_from_bytes
from tests.bench import records
from tests.bench.lab import Lab
from tests.bench.systems.satchel import SatchelSystem
from tests.services.link import PERFECT, PROFILES, Link
from tests.services.proxy import Proxy
from tests.system.scenarios.rep import photo

DELTAS = 20
ORDERS = 15
CLAIMS = (5, 15)
"""The rounds in which the rep also captures a claim with a photograph."""
PHOTO_BYTES = 200_000
CHANGES = 20
"""Records that change between two syncs."""
CUT_BYTES = 50_000
"""The line is cut after this many bytes in one direction."""
LONGEST_WAIT = 1.0
"""Longest wait in seconds before the device tries again; outside the benchmark it waits longer."""
TRIES = 200
GOOD = ("received", "queued", "awaiting_approval")
"""A claim stays received until a worker has checked its receipt, and no worker runs here."""


@dataclass(frozen=True)
class Line:
    """A line and whether it is cut."""

    name: str
    link: Link
    cut: bool = True


LINES = (Line("no fault", PERFECT, cut=False), *(Line(name, link) for name, link in PROFILES.items()))


class _Counting(httpx.HTTPTransport):
    """Counts the requests that are sent."""

    def __init__(self) -> None:
        super().__init__()
        self.requests = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        return super().handle_request(request)


def day(lab: Lab, satchel: SatchelSystem, line: Line) -> dict[str, Any]:
    """Play the day of the first rep of *satchel*, which runs and is used for nothing else; return its
    figures."""
    counting = _Counting()
    with (
        tempfile.TemporaryDirectory(prefix="satchel-bench-") as folder,
        Proxy(satchel.port, line.link) as proxy,
        Device(folder, http=counting, sleep=_wait, zone="Europe/Berlin") as device,
    ):
        code = satchel.reference(lab.reps[0]).options["code"]
        device.enrol(code, f"http://127.0.0.1:{proxy.port}")
        if line.cut:
            proxy.cut(down=CUT_BYTES, times=10_000)
            proxy.cut(up=CUT_BYTES, times=10_000)
        started = time.perf_counter()
        _sync(device)
        first = {"first_seconds": time.perf_counter() - started, "first_bytes": proxy.down}
        for n in range(DELTAS):
            satchel.change(_changes(lab, n))
            if n < ORDERS:
                _order(device, n)
            if n in CLAIMS:
                _claim(device, n)
            _sync(device)
        seconds = time.perf_counter() - started
        states = [(d.state, d.missing, d.errors) for d in device.documents()]
        if len(states) != ORDERS + len(CLAIMS) or any(s not in GOOD or missing for s, missing, _ in states):
            raise RuntimeError(f"{line.name}: not all documents of the day arrived: {states}")
        return {
            **first,
            "seconds": seconds,
            "down": proxy.down,
            "up": proxy.up,
            "requests": counting.requests,
            "cuts": proxy.cuts,
        }


def with_twice(days: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return *days* with `twice`: the bytes in excess of those on the line without faults."""
    ideal = days[LINES[0].name]
    needed = ideal["down"] + ideal["up"]
    return {name: {**day, "twice": day["down"] + day["up"] - needed} for name, day in days.items()}


def _wait(seconds: float) -> None:
    time.sleep(min(seconds, LONGEST_WAIT))


def _sync(device: Device) -> None:
    report = device.sync_until_done(tries=TRIES)
    if report.problem is not None or not report.complete:
        raise RuntimeError(f"the device could not sync: {report.problem}")


def _changes(lab: Lab, change_number: int) -> list[tuple[str, records.Record]]:
    """Return changes of a few records; the first call adds the records that a claim needs."""
    stock = [r for c, r in lab.data.of("stock_levels") if records.is_visible_to(lab.reps[0], c, r)]
    levels = stock[change_number * CHANGES : (change_number + 1) * CHANGES]
    changed = [("stock_levels", records.changed("stock_levels", level, change_number)) for level in levels]
    return changed if change_number else [*changed, ("expense_categories", MEALS)]


MEALS = {
    "id": "meals", "name": "Meals", "currency": "EUR", "limit_per_line": None, "receipt_above": "20.00",
    "active": True,
}  # fmt: skip


def _order(device: Device, n: int) -> None:
    customers = device.records("customers", limit=ORDERS)
    products = device.records("products", limit=3)
    lines = [forms.Line(product["id"], str(n + 1), price="12.50") for product in products]
    customer = customers[n % len(customers)]["id"]
    device.capture("order", forms.order(device.db, customer=customer, lines=lines, today=device.today()))


def _claim(device: Device, n: int) -> None:
    file = receipt_from_bytes(photo(PHOTO_BYTES, seed=n), f"receipt-{n}.jpg")
    line = forms.ExpenseLine("meals", "42.00", "Lunch with the buyer", receipts=[file.ref])
    customer = device.records("customers", limit=1)[0]["id"]
    body = forms.expense_claim(
        device.db, purpose="Customer visit", lines=[line], today=device.today(), customer=customer
    )
    device.capture("expense_claim", body, receipts=[file])
