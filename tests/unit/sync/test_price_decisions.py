"""Device and server decide alike about any prices: the same codes, fields and words from the same records."""

import itertools
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.database.core import Sessions
from backend.feed import former
from sync_protocol.catalogue import KINDS
from sync_protocol.change import Gone, Put
from sync_protocol.collection import CheckContext
from sync_protocol.device.capture import pricing
from sync_protocol.device.capture.capture import known_record
from sync_protocol.device.page import PutRow
from sync_protocol.device.store import rows
from sync_protocol.device.store.database import Database
from tests.examples import with_shared_fixtures
from tests.unit.sync.company import customer, master_data, order_body, product, reps, say, submission
from tests.unit.sync.prices import exception, price, price_list
from tests.unit.sync.pushing import send
from tests.unit.sync.replica import NOW

AMOUNTS = st.decimals("0", "20", places=2).map(str) | st.sampled_from(["0", "12.00", "0.0333", "9.9999"])
PERCENTS = st.sampled_from(["0", "5", "10", "33.3333", "50", "100"])
DAYS = st.sampled_from([None, "2026-06-01", "2026-11-20", "2026-11-23", "2026-11-24"])
GROUPS = st.sampled_from([None, "A", "B"])
PRICES = st.fixed_dictionaries(
    {
        "price_list_id": st.sampled_from(["L1", "L2"]),
        "unit": st.sampled_from(["u", "box"]),
        "min_quantity": st.sampled_from(["0", "3", "12", "36"]),
        "amount": AMOUNTS,
        "min_amount": st.none() | AMOUNTS,
        "currency": st.sampled_from(["EUR", "EUR", "USD"]),
        "valid_from": DAYS,
        "valid_to": DAYS,
    }
)
LIMITS = st.fixed_dictionaries(
    {
        "max_discount_percent": PERCENTS,
        "exceptions": st.lists(
            st.builds(
                lambda percent, a, b: exception(percent, customers=a, products=b), PERCENTS, GROUPS, GROUPS
            ),
            max_size=3,
        ),
        "free_of_charge": st.booleans(),
        "above_list": st.booleans(),
        "without_list_price": st.booleans(),
    }
)
LINES = st.fixed_dictionaries(
    {
        "quantity": st.sampled_from(["1", "3", "12", "40"]),
        "unit": st.sampled_from(["u", "box"]),
        "unit_price": AMOUNTS,
        "discount_percent": PERCENTS,
    }
)


numbers = itertools.count()


@pytest.fixture(autouse=True)
def company(sessions: Sessions) -> None:
    reps(sessions)
    master_data(sessions)


@pytest.mark.both_dialects
@with_shared_fixtures(0.6)  # each stores and decides on both sides
@given(
    table=st.lists(PRICES, max_size=6),
    granted=LIMITS,
    lines=st.lists(LINES, min_size=1, max_size=3),
    own_list=st.sampled_from([None, "L1", "L2"]),
    lists=st.sampled_from([("L1",), ("L1", "L2")]),
    cited=st.sampled_from([None, "L1"]),
    order_date=st.sampled_from(["2026-06-01", "2026-11-20", "2026-11-23", "2026-11-24"]),
)
def test_device_and_server_decide_alike(
    sessions: Sessions, table: list[dict[str, Any]],
    granted: dict[str, Any], lines: list[dict[str, Any]], own_list: str | None, lists: tuple[str, ...],
    cited: str | None, order_date: str,
) -> None:  # fmt: skip
    records = [
        *(price_list(key) for key in lists),
        *(price(f"p{n}", **fields) for n, fields in enumerate(table) if fields["price_list_id"] in lists),
        customer("C1", "NW", price_list_id=own_list, group="A"),
        Put("products", "P1", {**product("P1", units=("u", "box")).record, "group": "A",
            "units": [{"unit": "u", "factor": "1"}, {"unit": "box", "factor": "12"}]}),
        Put("price_limits", "R1", {"id": "R1", **granted}),
    ]  # fmt: skip
    publish(sessions, records)
    body = order_body(
        price_list_id=cited,
        order_date=order_date,
        lines=[{"line_no": n, "product_id": "P1", **line} for n, line in enumerate(lines, 1)],
    )
    document = submission(f"01KB{next(numbers):022d}", body, captured_at="2026-11-23T08:00:00Z")
    [result] = send(sessions, document)
    assert result["errors"] == [], result
    codes = {rule.code.code for rule in KINDS["order"].approval_rules}
    on_server = [(w["code"], w["field"], w["message"]) for w in result["warnings"] if w["code"] in codes]
    assert on_server == on_device(records, body)
    assert (result["state"] == "parked") is bool(on_server)


def publish(sessions: Sessions, records: list[Put]) -> None:
    """Replace the company's records by *records*, so that the server knows nothing else."""
    gone = [Gone("prices", f"p{n}") for n in range(6)] + [Gone("price_lists", key) for key in ("L1", "L2")]
    say(sessions, *gone)
    say(sessions, *records)
    with sessions() as session, session.begin():
        former.delete_expired(session, 1_000_000_000)


def on_device(records: list[Put], body: dict[str, Any]) -> list[tuple[str, str, str]]:
    with closing(Database(Path(":memory:"))) as db:
        with db.writing():
            puts = [
                PutRow(("everyone", put.collection), put.key, n, dict(put.record))
                for n, put in enumerate(records, 1)
            ]
            db.run_many(rows.PUT, [rows.row_of(put) for put in puts])
        context = CheckContext(
            NOW.date(),
            lambda collection, key: known_record(db, collection, key),
            price_data=pricing.price_data(db, "R1"),
        )
        return [(f.code.code, f.field, f.message) for f in KINDS["order"].approvals(body, context)]
