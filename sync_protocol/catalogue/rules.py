"""Rules that several kinds share."""

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from sync_protocol.collection import Lookup
from sync_protocol.errors import ErrorCode, Fault


def date_within(
    body: Mapping[str, Any], field: str, today: dt.date, before: dt.timedelta, after: dt.timedelta
) -> Iterator[Fault]:
    """Yield a fault if the date in *field* is more than *before* in the past or *after* in the future."""
    text = body.get(field)
    if not text:
        return
    earliest, latest = today - before, today + after
    if not earliest <= dt.date.fromisoformat(text) <= latest:
        yield Fault(ErrorCode.OUT_OF_RANGE, field, f"must lie between {earliest} and {latest}, not {text}")


def line_numbers_unique(body: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield a fault for each line with the number of an earlier line."""
    seen: set[int] = set()
    for n, line in enumerate(body["lines"]):
        if line["line_no"] in seen:
            yield Fault(ErrorCode.OUT_OF_RANGE, f"lines[{n}].line_no", f"line {line['line_no']} is there twice")
        seen.add(line["line_no"])


def quantity_in_unit(
    line: Mapping[str, Any], product: Mapping[str, Any], lookup: Lookup, path: str
) -> Iterator[Fault]:
    """Yield a fault if the product is not sold in the line's unit, or the quantity has too many decimals.

    *path* is the line's path in the body, for the fault.
    """
    sold_in = [entry["unit"] for entry in product.get("units", [])]
    if sold_in and line["unit"] not in sold_in:
        yield Fault(
            ErrorCode.WRONG_UNIT, f"{path}.unit", f"is sold in {', '.join(sold_in)}, not in {line['unit']}"
        )
        return
    unit = lookup("units", line["unit"]) or {}
    decimals = unit.get("decimals")
    if decimals is not None and -int(Decimal(line["quantity"]).normalize().as_tuple().exponent) > decimals:
        allowed = f"at most {decimals} decimals" if decimals else "whole numbers only"
        yield Fault(
            ErrorCode.OUT_OF_RANGE,
            f"{path}.quantity",
            f"{unit.get('name')} allows {allowed}, not {line['quantity']}",
        )
