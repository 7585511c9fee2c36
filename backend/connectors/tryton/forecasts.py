"""Forecasts: one stock.forecast per warehouse and calendar month, whose lines are set to the current sums."""

import datetime as dt
import threading
from collections import defaultdict
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from backend.connectors.tryton.client import Client
from backend.connectors.tryton.errors import TrytonRefusal
from backend.connectors.tryton.features import FORECAST
from backend.connectors.tryton.lookups import Lookups
from backend.connectors.tryton.row import Row
from backend.connectors.tryton.sources import by_id
from backend.connectors.tryton.workflow import tryton_id
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import ErpDocument, ForecastLine
from sync_protocol.catalogue.forecast import first_and_last_day

LINE = "stock.forecast.line"
TRANSIENT, OFFICE = ErrorClass.TRANSIENT, ErrorClass.REJECT_OFFICE


class Forecasts:
    """Writes forecasts to one Tryton.

    Tryton's supply reads only forecasts in state done, and a done forecast cannot be written. So it is set
    back to draft, written and confirmed again: three transactions, by one writer at a time. If a call was
    interrupted, the next one continues with the draft.
    """

    def __init__(self, client: Client, lookups: Lookups) -> None:
        self._client = client
        self._lookups = lookups
        self._writing = threading.Lock()

    def upsert(self, lines: Iterable[ForecastLine]) -> dict[str, ErpDocument]:
        """Set each line to its quantity, also to 0. Return Tryton's line by product id."""
        by_month: dict[tuple[str, str], list[ForecastLine]] = defaultdict(list)
        for line in lines:
            by_month[line.warehouse_id, line.period].append(line)
        written: dict[str, ErpDocument] = {}
        with self._writing:
            for (warehouse, period), own in sorted(by_month.items()):
                written |= self._month(tryton_id(warehouse, "warehouse_id"), period, own)
        return written

    def _month(self, warehouse: int, period: str, lines: list[ForecastLine]) -> dict[str, ErpDocument]:
        quantities = self._quantities(lines)
        first, last = first_and_last_day(period)
        destination = self._destination()
        forecast = self._forecast(warehouse, destination, first, last)
        if forecast is None:
            values = {"warehouse": warehouse, "destination": destination, "from_date": first, "to_date": last}
            forecast = {"id": self._client.create(FORECAST, values), "state": "draft"}
        existing = self._existing(forecast["id"])
        if forecast["state"] == "done" and _same(existing, quantities):
            return _written(existing, quantities)
        try:
            if forecast["state"] != "draft":
                self._client.click_button(FORECAST, "draft", forecast["id"])
            self._client.write(FORECAST, [forecast["id"]], {"lines": _commands(existing, quantities)})
            self._client.click_button(FORECAST, "confirm", forecast["id"])
        except TrytonRefusal as refused:
            if refused.rule == "transition":
                raise ErpError(
                    TRANSIENT, "Somebody is editing this forecast in Tryton.", raw=refused.raw
                ) from refused
            raise
        return _written(self._existing(forecast["id"]), quantities)

    def _forecast(self, warehouse: int, destination: int, first: dt.date, last: dt.date) -> Row | None:
        """Return the forecast of exactly this month.

        Raises `ErpError` if another one covers some of its days.
        """
        domain = [
            ["company", "=", self._lookups.company], ["warehouse", "=", warehouse],
            ["destination", "=", destination], ["state", "!=", "cancelled"],
            ["from_date", "<=", last], ["to_date", ">=", first], ["active", "in", [True, False]],
        ]  # fmt: skip
        rows = self._client.search_read(FORECAST, domain, ["state", "from_date", "to_date", "rec_name"])
        same_period = [row for row in rows if (row["from_date"], row["to_date"]) == (first, last)]
        if done := [row for row in same_period if row["state"] == "done"]:
            return done[0]
        done = [row for row in rows if row["state"] == "done"]
        if done:
            raise ErpError(
                OFFICE,
                f"Tryton has another forecast for days of {first:%Y-%m} ({done[0]['rec_name']}).",
                field="period",
                advice="Change or cancel the other one in Tryton: there is one per month. Then retry.",
            )
        return same_period[0] if same_period else None

    def _quantities(self, lines: list[ForecastLine]) -> dict[int, tuple[int, Decimal]]:
        """Return unit and quantity by product. Raises `ErpError` for a product that is not kept in stock."""
        digits = self._lookups.digits()
        quantities: dict[int, tuple[int, Decimal]] = {}
        for line in lines:
            unit = tryton_id(line.unit, "unit")
            if unit not in digits:
                raise ErpError(OFFICE, f"Tryton no longer has the unit {line.unit}.", field="unit")
            rounded = line.quantity.quantize(Decimal(1).scaleb(-digits[unit]), ROUND_HALF_UP)
            quantities[tryton_id(line.product_id, "product_id")] = (unit, rounded)
        fields = ["name", "type", "consumable"]
        domain = [["id", "in", sorted(quantities)], ["active", "in", [True, False]]]
        products = by_id(self._client.search_read("product.product", domain, fields))
        for product in quantities:
            row = products.get(product)
            if row is None:
                raise ErpError(ErrorClass.REJECT_REP, f"Tryton no longer has the product {product}.")
            if row["type"] != "goods" or row["consumable"]:
                raise ErpError(
                    ErrorClass.REJECT_REP,
                    f"{row['name']} is not kept in stock, so Tryton accepts no forecast for it.",
                )
        return quantities

    def _destination(self) -> int:
        """Return the location of customers; the topmost one if there are several."""
        rows = self._client.search_read("stock.location", [["type", "=", "customer"]], ["parent"])
        if not rows:
            raise ErpError(ErrorClass.CONFIG, "Tryton has no location of type Customer.")
        ids = {row["id"] for row in rows}
        return next((int(row["id"]) for row in rows if row["parent"] not in ids), int(rows[0]["id"]))

    def _existing(self, forecast: int) -> dict[int, Row]:
        rows = self._client.search_read(
            LINE, [["forecast", "=", forecast]], ["product", "quantity", "unit", "forecast.state"]
        )
        return {row["product"]: row for row in rows}


def _same(existing: dict[int, Row], target: dict[int, tuple[int, Decimal]]) -> bool:
    return all(
        product in existing and (existing[product]["unit"], Decimal(existing[product]["quantity"])) == line
        for product, line in target.items()
    )


def _commands(existing: dict[int, Row], target: dict[int, tuple[int, Decimal]]) -> list[list[object]]:
    """Return the commands that set the lines. A line of quantity 0 stays, because its id is bound to ours."""
    commands: list[list[object]] = []
    created: list[Row] = []
    for product, (unit, quantity) in sorted(target.items()):
        # Tryton requires the minimal quantity of a move, which cannot exceed the quantity.
        values = {
            "unit": unit,
            "quantity": float(quantity),
            "minimal_quantity": float(min(quantity, Decimal(1))),
        }
        if product in existing:
            commands.append(["write", [existing[product]["id"]], values])
        else:
            created.append({"product": product, **values})
    return [*commands, ["create", created]] if created else commands


def _written(existing: dict[int, Row], target: dict[int, tuple[int, Decimal]]) -> dict[str, ErpDocument]:
    return {
        str(n): ErpDocument(
            str(existing[n]["id"]),
            None,
            existing[n]["forecast."]["state"],
            total=Decimal(existing[n]["quantity"]),
        )
        for n in target
    }
