"""Expense claims become supplier invoices of the employee, with each receipt attached once."""

import datetime as dt
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from backend.connectors.tryton.adapter import TrytonConnector
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import RepInfo
from sync_protocol.submission import State
from tests.services import TrytonServer
from tests.services.proxy import Proxy
from tests.unit.connectors.tryton.tryton_fixture import RECEIPT, TrytonFixture, receipt_file


@pytest.fixture(scope="module")
def tryton(tryton_server: TrytonServer) -> Iterator[TrytonFixture]:
    with tryton_server.fresh("claims") as server, closing(TrytonFixture(server)) as fixture:
        yield fixture


@pytest.fixture
def connector(tryton: TrytonFixture) -> Iterator[TrytonConnector]:
    with closing(tryton.connect()) as connector:
        yield connector


def test_a_claim_is_posted_with_its_lines_customer_and_project(
    tryton: TrytonFixture, connector: TrytonConnector
) -> None:
    claim = tryton.claim()
    outcome = connector.advance(claim, connector.create(claim))
    assert outcome.state is State.ACCEPTED
    [invoice] = tryton.reader.claims(claim.id)
    assert (invoice["state"], invoice["number"]) == ("posted", outcome.number)
    assert (invoice["satchel_key"], invoice["reference"]) == (claim.id, claim.id)
    assert invoice["party"] == tryton.summary["employees"][0]["party"]
    assert invoice["total_amount"] == invoice["amount_to_pay"] == Decimal("213.30")
    customer = tryton.customer()
    assert f"{customer['code']} {customer['name']}" in invoice["description"]
    assert "project Hall 4" in invoice["description"]
    hotel, train = invoice["lines"]
    assert (hotel["account."]["code"], hotel["amount"]) == ("5.3.2", Decimal("129.00"))
    assert "Hotel am Hafen" in hotel["description"]
    assert (train["account."]["code"], train["amount"]) == ("5.3.1", Decimal("84.30"))
    assert "no other train" in train["description"]


def test_a_receipt_is_attached_once_however_often_it_is_sent(
    tryton: TrytonFixture, connector: TrytonConnector
) -> None:
    claim = tryton.claim()
    created = connector.create(claim)
    for _ in range(3):
        assert connector.advance(claim, created).state is State.ACCEPTED
    [invoice] = tryton.reader.claims(claim.id)
    [attachment] = invoice["attachments"]
    assert attachment.content == RECEIPT
    assert attachment.name == claim.receipts[0].sha256
    assert "hotel.pdf" in attachment.description


def test_an_attachment_whose_answer_was_lost_is_not_attached_again(tryton: TrytonFixture) -> None:
    claim = replace(tryton.claim(), receipts=(receipt_file(b"one"), receipt_file(b"two"), receipt_file(b"one")))
    with (
        Proxy(tryton.server.port) as proxy,
        closing(tryton.connect(url=f"http://127.0.0.1:{proxy.port}")) as connector,
    ):
        created = connector.create(claim)
        proxy.lose(b"model.ir.attachment.create")
        with pytest.raises(ErpError) as lost:
            connector.advance(claim, created)
        assert lost.value.error_class is ErrorClass.UNKNOWN
        [invoice] = tryton.reader.claims(claim.id)
        assert invoice["state"] == "draft"
        assert connector.advance(claim, created).state is State.ACCEPTED
    [invoice] = tryton.reader.claims(claim.id)
    assert sorted(attachment.content for attachment in invoice["attachments"]) == [b"one", b"two"]


def test_a_receipt_with_a_wrong_digest_stops_the_claim(
    tryton: TrytonFixture, connector: TrytonConnector
) -> None:
    claim = replace(tryton.claim(), receipts=(replace(receipt_file(), content_sha256="0" * 64),))
    created = connector.create(claim)
    with pytest.raises(ErpError, match="damaged") as refused:
        connector.advance(claim, created)
    assert refused.value.error_class is ErrorClass.REJECT_OFFICE
    assert tryton.reader.claims(claim.id)[0]["state"] == "draft"


@pytest.mark.parametrize(
    ("rep", "words"),
    [
        (RepInfo("R9", "Nobody", None), "no employee number"),
        (RepInfo("R9", "Nobody", "E999"), "has the code E999"),
        # a party of that number that is not an employee
        (RepInfo("R9", "Nobody", "C00001"), "has the code C00001"),
    ],
)
def test_a_claim_of_an_unknown_employee_goes_to_the_office(
    tryton: TrytonFixture, connector: TrytonConnector, rep: RepInfo, words: str
) -> None:
    claim = replace(tryton.claim(), rep=rep)
    with pytest.raises(ErpError, match=words) as refused:
        connector.create(claim)
    assert refused.value.error_class is ErrorClass.REJECT_OFFICE
    assert tryton.reader.claims(claim.id) == []


def test_a_claim_with_a_deleted_category_goes_to_the_rep(
    tryton: TrytonFixture, connector: TrytonConnector
) -> None:
    claim = tryton.claim()
    claim.body["lines"][1]["category_id"] = "9.9.9"
    with pytest.raises(ErpError, match=r"9\.9\.9") as refused:
        connector.create(claim)
    assert refused.value.error_class is ErrorClass.REJECT_REP
    assert refused.value.field == "lines[1].category_id"


def test_a_claim_in_a_closed_period_waits_in_tryton(tryton: TrytonFixture, connector: TrytonConnector) -> None:
    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=5 * 366)
    claim = replace(tryton.claim(), received_at=later)
    created = connector.create(claim)
    outcome = connector.advance(claim, created)
    assert outcome.state is State.ON_HOLD
    assert outcome.external_id == created.external_id
    assert "the office decides" in (outcome.reason or "")
    assert outcome.raw
    [invoice] = tryton.reader.claims(claim.id)
    assert invoice["state"] != "posted"
    assert len(invoice["attachments"]) == 1


def test_a_claim_for_a_project_alone_needs_no_customer(
    tryton: TrytonFixture, connector: TrytonConnector
) -> None:
    claim = tryton.claim(customer_id=None)
    assert connector.advance(claim, connector.create(claim)).state is State.ACCEPTED


def test_a_wrong_journal_or_payable_account_is_a_configuration_error(tryton: TrytonFixture) -> None:
    for option, value in (("expense_journal", "NOPE"), ("payable_account", "0.0.0")):
        with closing(tryton.connect(**{option: value})) as connector:
            with pytest.raises(ErpError, match=f"SATCHEL_ERP_{option.upper()}") as refused:
                connector.create(tryton.claim())
            assert refused.value.error_class is ErrorClass.CONFIG
    with closing(tryton.connect(payable_account="2.1.4")) as connector:
        claim = tryton.claim()
        assert connector.advance(claim, connector.create(claim)).state is State.ACCEPTED


def test_a_claim_sent_just_after_midnight_is_booked_on_its_own_date_and_not_on_that_of_utc(
    tryton: TrytonFixture, connector: TrytonConnector
) -> None:
    """At 00:30 in Berlin it is still the day before in UTC."""
    midnight = dt.datetime.combine(tryton.today, dt.time(0, 30), ZoneInfo("Europe/Berlin"))
    captured = midnight.astimezone(dt.UTC)
    assert captured.date() < tryton.today
    claim = replace(
        tryton.claim(),
        captured_at=captured.isoformat().replace("+00:00", "Z"),
        received_at=captured + dt.timedelta(seconds=5),
        zone="Europe/Berlin",
    )
    outcome = connector.advance(claim, connector.create(claim))
    assert outcome.state is State.ACCEPTED
    [invoice] = tryton.reader.claims(claim.id)
    assert invoice["invoice_date"] == tryton.today


@pytest.mark.parametrize(
    ("amounts", "erp_total"),
    [(["0.125"] * 4, "0.48"), (["3.3333", "3.3333", "3.3334"], "9.99")],
    ids=["four eighths", "thirds of 10.0000"],
)
def test_a_claim_that_tryton_rounds_is_left_to_the_office_and_says_both_totals(
    tryton: TrytonFixture, connector: TrytonConnector, amounts: list[str], erp_total: str
) -> None:
    """A push refuses such amounts; this is what stops them if they come by another way."""
    line = tryton.claim_body()["lines"][1]
    lines = [{**line, "line_no": n, "amount": amount} for n, amount in enumerate(amounts, 1)]
    claim = tryton.claim(lines=lines)
    outcome = connector.advance(claim, connector.create(claim))
    assert outcome.state is State.ON_HOLD
    assert outcome.total == Decimal(erp_total)
    assert f"Its total in the ERP is {erp_total} EUR" in (outcome.reason or "")
    [invoice] = tryton.reader.claims(claim.id)
    assert invoice["state"] == "draft"


def test_an_accepted_claim_has_the_total_that_the_rep_was_shown(
    tryton: TrytonFixture, connector: TrytonConnector
) -> None:
    claim = tryton.claim()
    assert connector.advance(claim, connector.create(claim)).total == Decimal("213.30")
