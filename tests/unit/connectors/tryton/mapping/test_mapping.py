"""Rows of Tryton become records, and documents become values, without a network."""

import datetime as dt
from decimal import Decimal as D
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.connectors.tryton.mapper import READS, WRITES
from backend.connectors.tryton.mapping import credit, orders, prices, receivables
from backend.connectors.tryton.mapping.order import net_price
from backend.connectors.tryton.mapping.text import Untranslatable, clip, money, quantity, word
from backend.connectors.tryton.values import dumps, loads
from sync_protocol.catalogue import COLLECTIONS, KINDS
from sync_protocol.fields import Money

DAY = dt.date(2026, 11, 23)


@pytest.mark.parametrize(
    ("amount", "text"),
    [("10", "10.00"), ("603.6500", "603.65"), ("513.1025", "513.1025"), ("0.125", "0.125"),
     ("-0.00001", "0.00"), ("-12.5", "-12.50"), ("1E+3", "1000.00"), ("1E-7", "0.00"), ("0.00005", "0.0001"),
     ("99999999.99", "99999999.99")],
)  # fmt: skip
def test_money_has_one_text(amount: str, text: str) -> None:
    assert money(D(amount)) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [("355.0", "355"), ("0.50", "0.5"), ("-0.0", "0"), ("1E+3", "1000"), ("0.0000001", "0"), ("-153.0", "-153"),
     ("12", "12"), ("0.083333333333", "0.083333")],
)  # fmt: skip
def test_a_quantity_has_one_text(amount: str, text: str) -> None:
    assert quantity(D(amount)) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=6))
def test_a_quantity_that_fits_keeps_its_value_and_its_form(amount: D) -> None:
    assert D(quantity(amount)) == amount
    assert (
        COLLECTIONS["orders"]
        .schema._declared_fields["lines"]
        .inner.schema.fields["ordered"]
        .deserialize(quantity(amount))
    )


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=4))
def test_money_that_fits_keeps_its_value_and_its_form(amount: D) -> None:
    assert D(money(amount)) == amount
    assert Money().deserialize(money(amount))


@given(st.text(), st.integers(2, 40))
def test_clipped_text_fits_and_holds_no_control_characters(text: str, longest: int) -> None:
    clipped = clip(text, longest)
    assert clipped is None or (0 < len(clipped) <= longest and "\x00" not in clipped)


def test_a_name_with_spaces_becomes_a_key() -> None:
    assert word("North West") == "North%20West"
    assert word("North-West") == "North-West"


def test_there_is_a_mapping_for_every_collection_and_kind_that_is_read_or_written() -> None:
    assert set(READS) <= set(COLLECTIONS)
    assert set(WRITES) == {kind.name for kind in KINDS.values() if kind.has_own_document}


PARTY = {
    "id": 15, "name": "Thorpe LLC", "code": "C00010", "active": True, "lang": None, "lang.": None,
    "customer_payment_term.": {"id": 11, "name": "14 days"}, "sale_price_list": None,
    "replaced_by": None, "tax_identifier": 3, "tax_identifier.": {"id": 3, "code": "DE136695976"},
    "customer_currency.": None, "categories": [4],
}  # fmt: skip
ADDRESS = {
    "id": 20, "party": 15, "party_name": None, "attn": "Goods in", "street": "Kai 1\nGate 3\x07",
    "postal_code": "24103", "city": "Kiel", "country.": {"id": 1, "code": "DE"}, "subdivision.": None,
    "invoice": False, "delivery": False,
}  # fmt: skip


def customer(**changes: Any) -> dict[str, Any]:
    raw = {"party": PARTY, "addresses": [ADDRESS], "territories": ["North West"], "blocked": [],
           "others": ["B", "A"], "currency": "EUR", **changes}  # fmt: skip
    return READS["customers"].record(raw)


def test_a_party_becomes_a_customer() -> None:
    record = customer()
    assert COLLECTIONS["customers"].faults(record) == []
    assert record["territory"] == "North%20West"
    assert record["group"] == "A"
    assert record["tax_id"] == "DE136695976"
    assert record["price_list_id"] == "list"
    assert record["addresses"][0]["lines"] == ["Goods in", "Kai 1", "Gate 3"]
    assert record["addresses"][0]["uses"] == ["visit"]


@pytest.mark.parametrize(
    ("party", "blocked", "status", "block"),
    [({}, [], "active", False), ({}, [9], "blocked", True), ({"active": False}, [], "closed", True),
     ({"replaced_by": 16}, [], "closed", True)],
)  # fmt: skip
def test_the_status_of_a_customer(party: dict[str, Any], blocked: list[int], status: str, block: bool) -> None:
    record = customer(party={**PARTY, **party}, blocked=blocked)
    assert (record["status"], record["block_order"]) == (status, block)
    assert record["replaced_by"] == ("16" if party.get("replaced_by") else None)


def test_a_customer_with_two_territories_is_refused() -> None:
    with pytest.raises(Untranslatable, match="several territories"):
        customer(territories=["NE", "NW"])


@pytest.mark.parametrize(
    ("breaks", "factor", "digits", "least"),
    [
        (set(), "1", 0, ["0"]),
        ({"50"}, "1", 0, ["0", "50"]),
        ({"50"}, "12", 0, ["0", "5"]),
        ({"50", "49"}, "12", 0, ["0", "5"]),
        ({"0", "-3", "2.5"}, "1", 2, ["0", "2.50"]),
        ({"1"}, "1000", 2, ["0", "0.01"]),
        ({"5"}, "1/12", 0, ["0", "60"]),
        ({"7"}, "1/3", 0, ["0", "21"]),
    ],
)
def test_quantity_breaks_are_in_the_unit_of_the_price(
    breaks: set[str], factor: str, digits: int, least: list[str]
) -> None:
    least_quantities = prices.least_quantities({D(b) for b in breaks}, Fraction(factor), digits)
    assert least_quantities == [D(amount) for amount in least]


def test_a_discount_is_taken_off_and_rounded_half_up() -> None:
    assert net_price("10.00", "2.5", 4) == D("9.7500")
    assert net_price("0.01", "50", 2) == D("0.01")
    assert net_price("12.345", "0", 2) == D("12.35")
    assert net_price("5", "100", 4) == 0


def entry(number: int, amount: str, due: dt.date | None = None, **changes: Any) -> dict[str, Any]:
    debit, credited = (D(amount), D(0)) if D(amount) > 0 else (D(0), -D(amount))
    return {
        "id": number, "party": 15, "debit": debit, "credit": credited, "date": DAY, "maturity_date": due,
        "reconciliation": None, "amount_second_currency": None, "second_currency.": None, "move_origin": None,
        "description": None, "move.": {"id": 9, "number": "M9"}, **changes,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("terms", "payments", "left"),
    [
        (["100"], [], ["100"]),
        (["100"], ["-40"], ["60", "0"]),
        (["50", "50"], ["-70"], ["0", "30", "0"]),
        (["100"], ["-60", "-60"], ["0", "0", "-20"]),
        (["-100"], ["40"], ["-60", "0"]),
    ],
)
def test_part_payments_reduce_the_term_that_is_due_first(
    terms: list[str], payments: list[str], left: list[str]
) -> None:
    lines = [entry(n, amount, DAY + dt.timedelta(days=n)) for n, amount in enumerate(terms)]
    lines += [entry(n, amount) for n, amount in enumerate(payments, len(terms))]
    ids = [line["id"] for line in lines]
    amounts = receivables.open_amounts(lines, ids[: len(terms)], ids[len(terms) :])
    assert [amounts[n] for n in ids] == [D(amount) for amount in left]
    assert sum(amounts.values()) == sum(receivables.amount_of(line) for line in lines)


@pytest.mark.parametrize(
    ("amount", "own", "kind"),
    [
        ("100", True, "invoice"),
        ("-100", True, "credit_note"),
        ("-100", False, "payment"),
        ("100", False, "other"),
    ],
)
def test_a_line_of_a_receivable_account_is_of_one_type(amount: str, own: bool, kind: str) -> None:
    line = entry(7, amount, DAY)
    invoice = {"id": 3, "number": "2026-7", "lines_to_pay": [7] if own else [], "payment_lines": [],
               "sales.": [{"id": 1, "number": "97"}, {"id": 2, "number": None}]}  # fmt: skip
    record = READS["receivables"].record(
        {"line": line, "invoice": invoice, "open": D(amount), "currency": "EUR"}
    )
    assert COLLECTIONS["receivables"].faults(record) == []
    assert record["type"] == kind
    assert record["number"] == ("2026-7" if own else "M9")
    assert record["order_number"] == "97"


def test_a_line_in_another_currency_keeps_it() -> None:
    line = entry(7, "100", amount_second_currency=D("108"), **{"second_currency.": {"id": 2, "code": "USD"}})
    record = READS["receivables"].record({"line": line, "invoice": None, "open": D("108"), "currency": "EUR"})
    assert (record["amount"], record["currency"]) == ("108.00", "USD")


@pytest.mark.parametrize(
    ("lines", "overdue", "days"),
    [
        ([], "0", None),
        ([("100", -5)], "100", -5),
        ([("100", 0)], "0", None),
        ([("100", 5)], "0", None),
        ([("100", -5), ("50", -9), ("-20", None)], "130", -9),
        ([("100", -5), ("50", -9), ("-60", None)], "90", -5),
        ([("100", -5), ("-500", None)], "0", None),
    ],
)
def test_the_overdue_amount_is_net_of_payments(
    lines: list[tuple[str, int | None]], overdue: str, days: int | None
) -> None:
    rows = [
        entry(n, amount, None if due is None else DAY + dt.timedelta(days=due))
        for n, (amount, due) in enumerate(lines)
    ]
    oldest = None if days is None else DAY + dt.timedelta(days=days)
    assert credit.overdue(rows, DAY) == (D(overdue), oldest)


ULID = "01JDBZ0000000000000000000A"


@pytest.mark.parametrize(
    ("sale", "keys"),
    [
        ({"reference": "PO 7"}, (None, "PO 7")),
        ({"reference": ""}, (None, None)),
        ({"reference": ULID}, (ULID, None)),
        ({"reference": "PO 7", "satchel_key": ULID}, (ULID, "PO 7")),
        ({"reference": ULID, "satchel_key": ULID}, (ULID, None)),
        ({"reference": "PO 7", "satchel_key": None}, (None, "PO 7")),
    ],
)
def test_a_sale_keeps_our_key_apart_from_the_customers_number(
    sale: dict[str, Any], keys: tuple[str | None, str | None]
) -> None:
    assert orders.keys_of(sale) == keys


def test_values_are_encoded_and_decoded() -> None:
    value = {"a": D("603.6500"), "b": DAY, "c": b"\x00receipt", "d": [1, None, True, "x"], "e": D("1E+2")}
    assert loads(dumps(value)) == {**value, "e": D("100")}
    assert b'"decimal":"100"' in dumps(value)


def test_a_quantity_is_read_without_becoming_a_float() -> None:
    assert loads(b"[355.0, 0.1, 7]") == [D("355.0"), D("0.1"), 7]
    assert all(not isinstance(number, float) for number in loads(b"[355.0, 1e-7]"))
