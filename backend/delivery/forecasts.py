"""Forecasts: the ERP's line is the sum of the latest revisions of many submissions.

A forecast states everything that one rep expects from one customer (or from their territory) in one warehouse
and month. Only its newest revision counts; a product that it leaves out is no longer expected. All forecasts of
one warehouse and month share an order key, so that one writer at a time reads and writes the sums.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import ErpDocument, ForecastLine
from backend.feed.changes import live_many
from backend.inbox.models import Submission
from sync_protocol.conversion import exact_factor, rounded
from sync_protocol.json_types import Record
from sync_protocol.sentence import sentence
from sync_protocol.submission import State

COUNTED = (State.ACCEPTED.value, State.HANDED_OVER.value, State.ON_HOLD.value)
"""States in which a forecast counts. The one that is being sent counts too."""

MOST_DECIMALS = 6
"""The most decimals of a quantity on the wire."""


@dataclass(frozen=True)
class _Stated:
    """What one submission states."""

    id: str
    order: tuple[int, int]
    """(revision, `seq`): the highest is the latest."""
    author: tuple[str, str | None]
    """(rep, customer)"""
    counts: bool
    lines: tuple[Mapping[str, Any], ...]


def lines_of(session: Session, leased: Submission) -> tuple[list[ForecastLine], list[str]]:
    """Return the lines of the ERP's forecast that *leased* changes, with their new sums in base units.

    These are its own products and those of every other revision by the same rep for the same customer that the
    ERP has or may have. A sum with more decimals than its unit allows is rounded half up, and a sentence says
    so: the second list has these sentences.

    Raises:
        ErpError: REJECT_OFFICE, if a unit cannot be converted.
    """
    stated = list(_stated(session, leased))
    own = next(s for s in stated if s.id == leased.id)
    latest = _latest(s for s in stated if s.counts)
    affected = dict.fromkeys(line["product_id"] for s in stated if s.author == own.author for line in s.lines)
    products = live_many(session, "products", affected)
    body = json.loads(leased.body)
    base_units = {
        product: products[product]["base_unit"] if product in products else _any_unit(stated, product)
        for product in affected
    }
    units = live_many(session, "units", dict.fromkeys(base_units.values()))
    lines: list[ForecastLine] = []
    notes: list[str] = []
    for product in sorted(affected):
        total = _sum(latest, product, products.get(product))
        unit = base_units[product]
        quantity = rounded_to_unit(total, units.get(unit))
        lines.append(ForecastLine(body["warehouse_id"], body["period"], product, unit, quantity))
        if Fraction(quantity) != total:
            name = products[product]["name"] if product in products else product
            if unit in units:
                allowed = str(units[unit]["name"])
                notes.append(sentence("forecast_rounded_to_unit", product=name, unit=allowed))
            else:
                notes.append(sentence("forecast_rounded", product=name))
    return lines, notes


def stored_otherwise(lines: Sequence[ForecastLine], confirmed: Mapping[str, ErpDocument]) -> list[str]:
    """Return a sentence for each of *lines* that the ERP has stored with another quantity.

    *confirmed* has the ERP's line by product. The sentences name no quantity: it is a sum over all reps, and
    one rep reads them.
    """
    return [
        sentence("forecast_stored_otherwise", product=line.product_id)
        for line in lines
        if line.product_id in confirmed
        and (stored := confirmed[line.product_id].total) is not None
        and stored != line.quantity
    ]


def rounded_to_unit(quantity: Fraction, unit: Record | None) -> Decimal:
    """Return *quantity* with the decimals that *unit*, its record, allows; without one, those of the wire."""
    return rounded(quantity, MOST_DECIMALS if unit is None else unit["decimals"])


def _stated(session: Session, leased: Submission) -> Iterator[_Stated]:
    """Yield the statements for the warehouse and month of *leased* that the ERP has or may have."""
    rows = session.scalars(
        select(Submission).where(
            # In the text of the statement, so that the planner can tell that the partial index fits.
            Submission.kind == bindparam("of_kind", leased.kind, literal_execute=True),
            Submission.order_key == leased.order_key,
            or_(
                Submission.id == leased.id,
                Submission.state.in_(COUNTED),
                Submission.last_sent_at.is_not(None),
            ),
        )
    )
    for row in rows:
        body = json.loads(row.body)
        yield _Stated(
            id=row.id,
            order=(body["revision"], row.seq),
            author=(row.rep, body.get("customer_id")),
            counts=row.id == leased.id or row.state in COUNTED,
            lines=tuple(body["lines"]),
        )


def _latest(stated: Iterable[_Stated]) -> list[_Stated]:
    newest: dict[tuple[str, str | None], _Stated] = {}
    for statement in stated:
        other = newest.get(statement.author)
        if other is None or statement.order > other.order:
            newest[statement.author] = statement
    return list(newest.values())


def _any_unit(stated: Iterable[_Stated], product: str) -> str:
    return next(str(line["unit"]) for s in stated for line in s.lines if line["product_id"] == product)


def _sum(latest: Iterable[_Stated], product_id: str, product: Mapping[str, Any] | None) -> Fraction:
    """Return the exact sum of *latest* for one product, in its base unit."""
    return sum(
        (
            Fraction(line["quantity"]) * _factor(product, line, f"lines[{n}].unit", stated.id)
            for stated in latest
            for n, line in enumerate(stated.lines)
            if line["product_id"] == product_id
        ),
        Fraction(0),
    )


def _factor(product: Mapping[str, Any] | None, line: Mapping[str, Any], field: str, id: str) -> Fraction:
    """Return how many base units one unit of the line is."""
    if Decimal(line["quantity"]) == 0:
        return Fraction(1)
    if product is not None:
        if line["unit"] == product["base_unit"]:
            return Fraction(1)
        for entry in product["units"]:
            if entry["unit"] == line["unit"]:
                return exact_factor(entry["factor"])
    problem = f"has no unit {line['unit']} any more" if product else "does not exist any more"
    raise ErpError(
        ErrorClass.REJECT_OFFICE,
        f"Product {line['product_id']} {problem}, so forecast {id} cannot be added up; "
        "correct the product in the ERP, or cancel that forecast",
        field=field,
    )
