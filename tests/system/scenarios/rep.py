"""A rep with a phone for scenarios: enrols, goes offline, captures, and syncs again."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from sync_protocol.device.capture import forms
from sync_protocol.device.device import Device
from sync_protocol.device.store.receipts import receipt_from_bytes
from sync_protocol.device.sync.report import SyncReport
from tests.eventually import SECONDS, eventually
from tests.unit.receipts.pictures import photograph

JPEG = photograph()


def photo(size: int = 300_000, seed: int = 7) -> bytes:
    """Return a JPEG with bytes behind its end, as phones write them: *size* bytes that cannot be compressed."""
    state, out = seed, bytearray(JPEG)
    while len(out) < size:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        out += state.to_bytes(8, "big")
    return bytes(out[:size])


class FieldRep:
    """A rep with a device that is enrolled."""

    def __init__(self, device: Device) -> None:
        self.device = device

    def sync(self) -> None:
        """Sync, as often as a busy server asks to come again, and fail if it did not work."""
        reports: list[SyncReport] = []

        def answered() -> bool:
            reports.append(self.device.sync())
            return reports[-1].retry_after is None

        eventually(answered, "the server has time for the sync", between=0.5)
        report = reports[-1]
        assert report.problem is None, report.problem
        assert report.complete

    def sync_until(self, condition: Any, what: str, seconds: float = SECONDS) -> Any:
        """Sync until *condition()* is truthy, and return its value; fail with *what* after *seconds*."""

        def once() -> Any:
            self.device.sync()
            return condition()

        return eventually(once, what, seconds)

    def customers(self) -> Iterator[dict[str, Any]]:
        """Yield the customers that may order: active, not blocked, and without a credit limit."""
        credit = {c["id"]: c for c in self.device.records("credit")}
        for customer in self.device.records("customers"):
            limit = credit.get(customer["id"], {}).get("limit")
            free = customer["status"] == "active" and not customer["block_order"]
            if free and limit is None:
                yield customer

    def customer(self) -> dict[str, Any]:
        """Return the first customer that may order."""
        customer = next(self.customers(), None)
        assert customer is not None, "no customer of this rep may order"
        return customer

    def product(self, customer: str | None = None) -> dict[str, Any]:
        """Return a product that is for sale and has a price for the customer."""
        for line in self.device.products("", customer or self.customer()["id"], limit=200):
            if line.price is not None and line.product["sellable"] and line.product["kind"] == "product":
                return line.product
        raise AssertionError("no product has a price")

    def capture_order(self, quantity: str = "3", customer: str | None = None, **fields: Any) -> str:
        """Capture an order; return its id."""
        buyer = customer or self.customer()["id"]
        body = forms.order(
            self.device.db,
            customer=buyer,
            lines=[forms.Line(self.product(buyer)["id"], quantity)],
            today=self.device.today(),
            warehouse=self.device.records("warehouses")[0]["id"],
            **fields,
        )
        return self.device.capture("order", body).id

    def capture_forecast(self, quantity: str = "40", period: str | None = None) -> str:
        """Capture a forecast for next month; return its id."""
        following = (self.device.today().replace(day=1) + dt.timedelta(days=32)).strftime("%Y-%m")
        body = forms.forecast(
            self.device.db,
            warehouse=self.device.records("warehouses")[0]["id"],
            period=period or following,
            lines=[forms.Line(self.product()["id"], quantity)],
        )
        return self.device.capture("forecast", body).id

    def capture_claim(self, amount: str = "18.40", receipt: bytes | None = None) -> str:
        """Capture an expense claim with a photograph; return its id."""
        file = receipt_from_bytes(receipt or photo(), "lunch.jpg")
        category = self.device.records("expense_categories")[0]["id"]
        line = forms.ExpenseLine(category, amount, "Lunch with the buyer", receipts=[file.ref])
        body = forms.expense_claim(
            self.device.db,
            purpose="Customer visit",
            lines=[line],
            today=self.device.today(),
            customer=self.customer()["id"],
        )
        return self.device.capture("expense_claim", body, receipts=[file]).id

    def submission(self, id: str) -> dict[str, Any] | None:
        """Return the submission's record in the replica, or None."""
        return self.device.record("submissions", id)

    def accepted(self, *ids: str) -> list[dict[str, Any]] | None:
        """Return the records of *ids* if all of them are accepted, else None; fail if one was refused."""
        records = [record for id in ids if (record := self.submission(id))]
        for record in records:
            assert record["state"] not in ("rejected", "parked", "cancelled"), record
        complete = len(records) == len(ids) and all(r["state"] == "accepted" for r in records)
        return records if complete else None
