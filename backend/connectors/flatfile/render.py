"""Documents as CSV: one table, in which the columns of the header are repeated on every line."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from backend.connectors.flatfile.options import Options
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import Document, ForecastLine

WHO = ("satchel_key", "rep_id", "employee_number", "rep_name", "captured_at")
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
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def order_rows(document: Document, receipt_names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the rows of an order, one per line; an order has no receipts."""
    body = document.body
    head = {**_who(document), **{name: body.get(name) for name in ORDER_HEADER}}
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
    """Return the rows of an expense claim; *receipt_names* gives the file of each sha256."""
    body = document.body
    head = {**_who(document), **{name: body.get(name) for name in CLAIM_HEADER}}
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
    """Return the rows of a forecast, ordered by product, so that equal sums give equal bytes."""
    ordered = sorted(lines, key=lambda line: line.product_id)
    return [
        {
            "warehouse_id": line.warehouse_id,
            "period": line.period,
            "line_no": number,
            "product_id": line.product_id,
            "quantity": f"{line.quantity.normalize():f}",
            "unit": line.unit,
        }
        for number, line in enumerate(ordered, 1)
    ]


def csv_bytes(columns: Sequence[str], rows: Iterable[Mapping[str, Any]], options: Options) -> bytes:
    """Return *rows* as CSV in the ERP's own dialect.

    Free text that a spreadsheet would read as a formula gets a leading apostrophe. Raises `ErpError` if the
    encoding does not have a character.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=options.delimiter, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(column, row.get(column), options) for column in columns])
    return out.getvalue().encode(options.encoding)


def _who(document: Document) -> dict[str, Any]:
    return {
        "satchel_key": document.id,
        "rep_id": document.rep.id,
        "employee_number": document.rep.employee_number,
        "rep_name": document.rep.name,
        "captured_at": document.captured_at,
    }


def _cell(column: str, value: Any, options: Options) -> str:
    if value is None:
        return ""
    text = str(value)
    if column in NUMBERS:
        return text.replace(".", options.decimal)
    if column in FREE_TEXT and text.startswith(FORMULA):
        text = "'" + text
    try:
        text.encode(options.encoding)
    except UnicodeEncodeError as error:
        raise ErpError(
            ErrorClass.REJECT_OFFICE,
            f"{column} contains {text[error.start]!r}, which the encoding {options.encoding} does not have; "
            "set SATCHEL_ERP_ENCODING=utf-8 if the ERP can read it, or ask the rep to write it in another way",
            field=column,
        ) from None
    return text
