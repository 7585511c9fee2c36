"""Rules that several kinds share.

Each function takes the rule that its faults name, so that the kind's own file lists every rule of the kind.
"""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache

from sync_protocol.check_rule import CheckRule
from sync_protocol.collection import Lookup
from sync_protocol.currency import decimals_in
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.json_types import Body, BodyLine, Record
from sync_protocol.sentence import sentence

LINE_NUMBERS = CheckRule(
    "line_numbers",
    ErrorCode.OUT_OF_RANGE,
    "lines.line_no",
    "No two lines have the same number.",
    ("unique",),
    ("line_number_twice",),
)
SOLD_IN_UNIT = CheckRule(
    "sold_in_unit",
    ErrorCode.WRONG_UNIT,
    "lines.unit",
    "The unit is one of the `units` of the product.",
    ("option",),
    ("not_sold_in_unit",),
)
UNIT_DECIMALS = CheckRule(
    "unit_decimals",
    ErrorCode.OUT_OF_RANGE,
    "lines.quantity",
    "The quantity has at most the `decimals` of its unit.",
    ("unit_decimals", "unit"),
    ("unit_decimals", "unit_whole"),
)


def name_of(lookup: Lookup, collection: str, key: str | None) -> str:
    """Return the name of a record for a title; its key if the record is not known or has no name."""
    record = (lookup(collection, key) if key else None) or {}
    return str(record.get("name") or key)


def title_of(lookup: Lookup, submission_id: str) -> str:
    """Return the title of another document of the rep; its id if the document is not known."""
    record = lookup("submissions", submission_id) or {}
    return str(record.get("title") or submission_id)


def date_within(rule: CheckRule, text: str | None, today: dt.date, line: int | None = None) -> Iterator[Fault]:
    """Yield a fault if the date *text* is further in the past or in the future than *rule* says."""
    if not text:
        return
    _, before, after = rule.check
    earliest, latest = _bounds(today, before, after)
    # Dates of the wire compare as text.
    if not earliest <= text <= latest:
        yield rule.fault(sentence("date_outside", earliest=earliest, latest=latest, value=text), line)


@lru_cache(maxsize=64)
def _bounds(today: dt.date, before: int, after: int) -> tuple[str, str]:
    return (today - dt.timedelta(before)).isoformat(), (today + dt.timedelta(after)).isoformat()


def line_numbers_unique(rule: CheckRule, body: Body) -> Iterator[Fault]:
    """Yield a fault for each line with the number of an earlier line."""
    numbers: set[int] = set()
    if len({line["line_no"] for line in body["lines"]}) == len(body["lines"]):
        return
    for n, line in enumerate(body["lines"]):
        if line["line_no"] in numbers:
            yield rule.fault(sentence("line_number_twice", number=line["line_no"]), n)
        numbers.add(line["line_no"])


def quantity_in_unit(
    sold_in_unit: CheckRule,
    unit_decimals: CheckRule,
    line: BodyLine,
    product: Record,
    lookup: Lookup,
    n: int,
) -> Iterator[Fault]:
    """Yield a fault if the product is not sold in the line's unit, or the quantity has too many decimals.

    *n* is the line's index.
    """
    sold_in = [entry["unit"] for entry in product.get("units", [])]
    if sold_in and line["unit"] not in sold_in:
        yield sold_in_unit.fault(sentence("not_sold_in_unit", units=sold_in, unit=line["unit"]), n)
        return
    unit = lookup("units", line["unit"]) or {}
    decimals = unit.get("decimals")
    if decimals is None or "." not in line["quantity"]:
        return
    if decimals_in(Decimal(line["quantity"])) > decimals:
        values = {"unit": unit.get("name"), "quantity": line["quantity"]}
        message = sentence("unit_whole", **values)
        if decimals:
            message = sentence("unit_decimals", decimals=decimals, **values)
        yield unit_decimals.fault(message, n)
