"""Reads what a journey left in Tryton: sales and invoices with our key, and the quantity of a forecast."""

from typing import Any

from tests.services.tryton_rpc import TrytonSession


def sales(office: TrytonSession, key: str) -> list[dict[str, Any]]:
    fields = ["number", "state", "satchel_key", "untaxed_amount", "shipments", "invoices"]
    return office("sale.sale", "search_read", [["satchel_key", "=", key]], 0, None, None, fields)


def claims(office: TrytonSession, key: str) -> list[dict[str, Any]]:
    fields = ["number", "state", "type", "total_amount", "satchel_key"]
    return office("account.invoice", "search_read", [["satchel_key", "=", key]], 0, None, None, fields)


def forecast_quantity(office: TrytonSession, product: str) -> list[float]:
    lines = office(
        "stock.forecast.line",
        "search_read",
        [["product", "=", int(product)]],
        0,
        None,
        None,
        ["quantity", "forecast.state"],
    )
    return [line["quantity"] for line in lines]
