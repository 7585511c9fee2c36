"""Documents as CSV: one table, in which the columns of the header are repeated on every line."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from backend.connectors.flatfile.options import Options
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import Document, ForecastLine
from backend.spreadsheet import neutralized

WHO = ("satchel_key", "rep_id", "employee_number", "rep_name", "captured_at", "captured_on")
ORDER_HEADER = (
    *("customer_id", "ship_to_id", "customer_reference", "order_date", "requested_date", "currency"),
    *("price_list_id", "warehouse_id", "notes"),
)
ORDER_LINE = ("line_no", "product_id", "quantity", "unit", "unit_price", "discount_percent", "line_notes")
CLAIM_HEADER = ("purpose", "customer_id", "project", "currency")
CLAIM_LINE = (
    *("line_no", "date", "category_id", "description", "merchant", "amount"),
    *("justification", "receipts"),
)
FORECAST_COLUMNS = ("warehouse_id", "period", "line_no", "product_id", "quantity", "unit")

ORDER_COLUMNS = (*WHO, *ORDER_HEADER, *ORDER_LINE)
CLAIM_COLUMNS = (*WHO, *CLAIM_HEADER, *CLAIM_LINE)

FREE_TEXT = frozenset(
    {
        *("rep_name", "customer_reference", "notes", "line_notes"),
        *("purpose", "project", "description", "merchant", "justification"),
    }
)
NUMBERS = frozenset({"quantity", "unit_price", "discount_percent", "amount"})
_PLAIN_KEY = re.compile(r"[+-]?[A-Za-z0-9][A-Za-z0-9._/-]*")
"""A key that is harmless although it may begin with a sign: it is neither a call nor a link nor a command."""


def order_rows(document: Document, receipt_names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the rows of an order, one per line, with the keys `ORDER_COLUMNS`; an order has no receipts."""
    body = document.body
    head = {**_sender(document), **{name: body.get(name) for name in ORDER_HEADER}}
    return [
        {
            **head,
            **{name: line.get(name) for name in ORDER_LINE},
            "discount_percent": line.get("discount_percent") or "0",
            "line_notes": line.get("notes"),
        }
        for line in body["lines"]
    ]


def claim_rows(document: Document, receipt_names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the rows of an expense claim, one per line, with the keys `CLAIM_COLUMNS`.

    *receipt_names* gives the name of each receipt's file by its sha256.
    """
    body = document.body
    head = {**_sender(document), **{name: body.get(name) for name in CLAIM_HEADER}}
    return [
        {
            **head,
            **{name: line.get(name) for name in CLAIM_LINE},
            "receipts": "|".join(
                receipt_names[cited.removeprefix("sha256:")] for cited in line.get("receipts") or ()
            ),
        }
        for line in body["lines"]
    ]


def forecast_rows(lines: Iterable[ForecastLine]) -> list[dict[str, Any]]:
    """Return the rows of a forecast, one per product, with the keys `FORECAST_COLUMNS`.

    They are ordered by product, so that equal sums give equal bytes.
    """
    ordered = sorted(lines, key=lambda line: line.product_id)
    return [
        {
            "warehouse_id": line.warehouse_id,
            "period": line.period,
            "line_no": number,
            "product_id": line.product_id,
            "quantity": _plain(line.quantity),
            "unit": line.unit,
        }
        for number, line in enumerate(ordered, 1)
    ]


def _plain(quantity: Decimal) -> str:
    """Return *quantity* without zeros at the end. `normalize` would round it to 28 digits."""
    text = f"{quantity:f}"
    return text.rstrip("0").removesuffix(".") if "." in text else text


def csv_bytes(columns: Sequence[str], rows: Iterable[Mapping[str, Any]], options: Options) -> bytes:
    """Return *rows*, which have the keys *columns*, as CSV in the ERP's own dialect.

    Text that a spreadsheet would execute gets a leading apostrophe, unless the options say otherwise; numbers,
    dates and plain keys stay as they are. Raises `ErpError` if the encoding does not have a character.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=options.delimiter, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(column, row.get(column), options) for column in columns])
    return out.getvalue().encode(options.encoding)


def _sender(document: Document) -> dict[str, Any]:
    return {
        "satchel_key": document.id,
        "rep_id": document.rep.id,
        "employee_number": document.rep.employee_number,
        "rep_name": document.rep.name,
        "captured_at": document.captured_at,
        "captured_on": document.captured_on.isoformat(),
    }


def _cell(column: str, value: Any, options: Options) -> str:
    if value is None:
        return ""
    text = str(value)
    if column in NUMBERS:
        return text.replace(".", options.decimal)
    if options.formulas == "escape" and (column in FREE_TEXT or not _PLAIN_KEY.fullmatch(text)):
        text = neutralized(text)
    try:
        text.encode(options.encoding)
    except UnicodeEncodeError as error:
        raise ErpError(
            ErrorClass.REJECT_OFFICE,
            f"“{column.replace('_', ' ')}” contains {text[error.start]!r}, which the ERP cannot read.",
            raw=f"{column} contains {text[error.start]!r}, which the encoding {options.encoding} does not have",
            field=column,
            advice="If the ERP can read it, set SATCHEL_ERP_ENCODING=utf-8 and retry; else return it, "
            "so that the rep writes it in another way.",
        ) from None
    return text
