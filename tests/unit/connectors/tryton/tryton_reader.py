"""Reads back from Tryton itself what a test sent there, without asking the connector."""

import base64
import calendar
import datetime as dt
from decimal import Decimal
from types import TracebackType
from typing import Any, NamedTuple, Self

from tests.services import TrytonServer
from tests.services.tryton_rpc import TrytonSession

Row = dict[str, Any]


class Attachment(NamedTuple):
    """A file that hangs on a document."""

    name: str
    content: bytes
    description: str


class TrytonReader:
    """What stands in one Tryton, as its administrator sees it."""

    def __init__(self, server: TrytonServer) -> None:
        """Log in to *server*."""
        self.session = TrytonSession.admin(server)

    def sales(self, key: str) -> list[Row]:
        """Return all sales that carry our key, in whichever field, with their lines under `lines`."""
        sales = self._find("sale.sale", _carrying(key), [
            "number", "reference", "satchel_key", "state", "party", "warehouse", "currency", "price_list",
            "invoice_address", "shipment_address", "payment_term", "sale_date", "shipping_date", "comment",
            "description", "untaxed_amount", "tax_amount", "total_amount", "shipment_state", "invoice_state",
        ])  # fmt: skip
        for sale in sales:
            sale["lines"] = self._find(
                "sale.line",
                [["sale", "=", sale["id"]]],
                ["sequence", "product", "quantity", "unit", "unit_price", "amount", "taxes", "note"],
                order=[["sequence", "ASC"], ["id", "ASC"]],
            )
        return sales

    def claims(self, key: str) -> list[Row]:
        """Return all supplier invoices that carry our key, with `lines` and `attachments`."""
        claims = self._find("account.invoice", [["type", "=", "in"], _carrying(key)], [
            "number", "reference", "satchel_key", "state", "party", "currency", "account", "invoice_date",
            "description", "comment", "total_amount", "amount_to_pay",
        ])  # fmt: skip
        for claim in claims:
            claim["lines"] = self._find(
                "account.invoice.line",
                [["invoice", "=", claim["id"]]],
                ["sequence", "description", "quantity", "unit_price", "amount", "account", "account.code"],
                order=[["sequence", "ASC"], ["id", "ASC"]],
            )
            claim["attachments"] = self.attachments(f"account.invoice,{claim['id']}")
        return claims

    def attachments(self, resource: str) -> list[Attachment]:
        """Return the files of a document such as `account.invoice,7`."""
        rows = self._find("ir.attachment", [["resource", "=", resource]], ["name", "data", "description"])
        return [
            Attachment(row["name"], base64.b64decode(row["data"]["base64"]), row["description"] or "")
            for row in rows
        ]

    def forecast(self, warehouse: int, period: str) -> dict[int, Decimal]:
        """Return the quantities by product that supply reads for a warehouse and a month (`2026-12`)."""
        rows = self._find("stock.forecast.line", self._month(warehouse, period), ["product", "quantity"])
        return {row["product"]: Decimal(str(row["quantity"])) for row in rows}

    def _month(self, warehouse: int, period: str) -> list[Any]:
        year, month = (int(part) for part in period.split("-"))
        return [
            ["forecast.warehouse", "=", warehouse],
            ["forecast.state", "=", "done"],
            ["forecast.from_date", "=", dt.date(year, month, 1)],
            ["forecast.to_date", "=", dt.date(year, month, calendar.monthrange(year, month)[1])],
        ]

    def _find(
        self, model: str, domain: list[Any], names: list[str], order: list[list[str]] | None = None
    ) -> list[Row]:
        return self.session(model, "search_read", domain, 0, None, order or [["id", "ASC"]], names)

    def close(self) -> None:
        """Let go of the connection."""
        self.session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _carrying(key: str) -> list[Any]:
    return ["OR", ["satchel_key", "=", key], ["reference", "=", key]]
