"""Forecasts: the ERP's line is the sum of the latest revisions of many submissions.

A forecast states everything that one rep expects from one customer (or from their territory) in one warehouse
and month. Only its newest revision counts; a product that it leaves out is no longer expected. All forecasts of
one warehouse and month share an order key, so that one writer at a time reads and writes the sums.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import ForecastLine
from backend.feed.changes import live_many
from backend.inbox.models import Submission
from sync_protocol.submission import State

COUNTED = (State.ACCEPTED.value, State.HANDED_OVER.value, State.ON_HOLD.value)
"""States in which a forecast counts. The one that is being sent counts too."""

# Quantities and factors have at most 19 digits each, so no product or sum of theirs is rounded.
_EXACT = Context(prec=60)


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


def lines_of(session: Session, leased: Submission) -> list[ForecastLine]:
    """Return the lines of the ERP's forecast that *leased* changes, with their new sums in base units.

    These are its own products and those of every other revision by the same rep for the same customer that the
    ERP has or may have.

    Raises:
        ErpError: REJECT_OFFICE, if a unit cannot be converted.
    """
    stated = list(_stated(session, leased))
    own = next(s for s in stated if s.id == leased.id)
    latest = _latest(s for s in stated if s.counts)
    affected = dict.fromkeys(line["product_id"] for s in stated if s.author == own.author for line in s.lines)
    products = live_many(session, "products", affected)
    body = json.loads(leased.body)
    return [
        _sum(latest, product, products.get(product), body, _any_unit(stated, product))
        for product in sorted(affected)
    ]


def _stated(session: Session, leased: Submission) -> Iterator[_Stated]:
    """Yield the statements for the warehouse and month of *leased* that the ERP has or may have."""
    rows = session.scalars(
        select(Submission).where(
            Submission.kind == leased.kind,
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


def _sum(
    latest: Iterable[_Stated],
    product_id: str,
    product: Mapping[str, Any] | None,
    body: Mapping[str, Any],
    any_unit: str,
) -> ForecastLine:
    total = Decimal(0)
    for stated in latest:
        for n, line in enumerate(stated.lines):
            if line["product_id"] == product_id:
                factor = _factor(product, line, f"lines[{n}].unit", stated.id)
                total = _EXACT.add(total, _EXACT.multiply(Decimal(line["quantity"]), factor))
    return ForecastLine(
        warehouse_id=body["warehouse_id"],
        period=body["period"],
        product_id=product_id,
        unit=product["base_unit"] if product else any_unit,
        quantity=total,
    )


def _factor(product: Mapping[str, Any] | None, line: Mapping[str, Any], field: str, id: str) -> Decimal:
    """Return how many base units one unit of the line is."""
    if Decimal(line["quantity"]) == 0:
        return Decimal(1)
    if product is not None:
        if line["unit"] == product["base_unit"]:
            return Decimal(1)
        for entry in product["units"]:
            if entry["unit"] == line["unit"]:
                return Decimal(entry["factor"])
    problem = f"has no unit {line['unit']} any more" if product else "does not exist any more"
    raise ErpError(
        ErrorClass.REJECT_OFFICE,
        f"Product {line['product_id']} {problem}, so forecast {id} cannot be added up; "
        "correct the product in the ERP, or cancel that forecast",
        field=field,
    )
