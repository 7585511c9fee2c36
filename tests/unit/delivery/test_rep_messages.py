"""No technical term reaches a rep: neither the record on the phone, nor the result of a push.

Hostile messages go through the forwarder, as errors of each class and as outcomes, and through both connectors.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.connectors.flatfile.errors import out_of_reach
from backend.delivery.erp_response import NEXT_STATE, RetryState, from_error, from_outcome
from backend.delivery.followup.overdue import OVERDUE, flag_overdue
from backend.delivery.rep_message import plain, rep_sentence
from backend.delivery.technical_terms import has_technical_terms
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import Document, ErpDocument, Outcome
from backend.retry import Backoff
from sync_protocol.submission import State
from tests.unit.connectors.tryton.garbage_server import GarbageServer, http
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.delivery.test_hostile_answers import HttpErp
from tests.unit.sync.replica import NOW

HOSTILE = (
    "/srv/erp/acks cannot be used: Stale file handle. Is the share mounted?",
    r"\\fileserver\exchange cannot be opened",
    r"C:\erp\to_erp is full",
    "cannot open ORDER_01HX.csv",
    "https://erp.internal:8443/db/ answered 502",
    "the connection to 10.0.3.17 was refused",
    "[::1]: no answer from fe80:0:0:1:2:3",
    "no route to db01.corp.example.com",
    "erp-db:5432 does not answer",
    "psycopg.errors.UndefinedColumn: column sale.foo",
    "httpx.ConnectTimeout",
    "KeyError: 'party'",
    "[Errno 116] Stale file handle",
    "Traceback (most recent call last)",
    "HTTP 500 from the proxy",
    "SELECT id FROM sale_sale WHERE id = 7",
    "UPDATE party_party SET name = 'x'",
    "set SATCHEL_ERP_ENCODING=utf-8",
    "run `satchel delivery reconcile`",
    "Run satchel doctor",
    "<html><body>Please log in</body></html>",
    '{"error": "denied"}',
    "<trytond.pool.Pool object at 0x7f3a2c",
    "SSL: CERTIFICATE_VERIFY_FAILED",
)
HELPFUL = (
    "the minimum quantity is 5",
    "Meyer & Söhne would exceed their credit limit of 5,000.00 EUR; the office decides.",
    "P-0001 is no longer for sale.",
    "The order SO/2026/0004 is blocked and/or on hold.",
    "Net 30/60 days is not allowed for this customer (e.g. new customers).",
    "The delivery is possible from 14:30 on, at 2.5 % discount.",
    "Tryton needs a value for “Invoice Address”, and the document has none.",
)


@pytest.mark.parametrize("message", HOSTILE)
def test_a_technical_message_is_recognized(message: str) -> None:
    assert has_technical_terms(message)


@pytest.mark.parametrize("message", HELPFUL)
def test_a_message_about_the_document_is_not_taken_for_a_technical_one(message: str) -> None:
    assert not has_technical_terms(message)
    assert rep_sentence(ErrorClass.REJECT_REP, message) == message


@pytest.mark.parametrize("message", HOSTILE)
@pytest.mark.parametrize("error_class", ErrorClass)
@pytest.mark.parametrize("sent", [False, True])
def test_an_error_of_any_class_tells_the_rep_nothing_technical(
    error_class: ErrorClass, message: str, sent: bool
) -> None:
    for config_errors in (0, 3):
        retry_state = RetryState(2, NOW - 2 * OVERDUE, Backoff(1, 60), OVERDUE, config_errors)
        transition = from_error(
            ErpError(error_class, message, field=message),
            retry_state=retry_state,
            now=NOW,
            sent_at=NOW if sent else None,
            waits_quiet_period=True,
            document=ErpDocument("7", "SO7", "draft") if sent else None,
        )
        assert transition.reason
        assert not has_technical_terms(transition.reason), transition.reason
        assert message in (transition.raw or "")
        assert not any(fault["field"] or has_technical_terms(fault["message"]) for fault in transition.errors)


@pytest.mark.parametrize("message", HOSTILE)
@pytest.mark.parametrize("state", [State.ACCEPTED, State.ON_HOLD, State.REJECTED, State.HANDED_OVER])
def test_an_outcome_tells_the_rep_nothing_technical(state: State, message: str) -> None:
    fault = {"code": "field_invalid", "field": message, "message": f"really: {message}"}
    outcome = Outcome(state, "7", "SO7", message, raw="E17", errors=(fault,))
    transition = from_outcome(
        outcome, "order", {"lines": [], "currency": "EUR"}, ErpDocument("7", "SO7", "draft"), NOW
    )
    assert not has_technical_terms(transition.reason or "")
    assert [(shown["field"], has_technical_terms(shown["message"])) for shown in transition.errors] == [
        ("", False)
    ]
    assert f"really: {message}" in (transition.raw or "") and "E17" in (transition.raw or "")


@given(words=st.lists(st.sampled_from([*HOSTILE, *HELPFUL, "because", "\x00", "\ud800", "\u202e", "x" * 900])))
def test_any_mixture_of_words_gives_a_readable_sentence(words: list[str]) -> None:
    sentence = plain(" ".join(words), "The ERP refused it")
    assert sentence.strip() and len(sentence) <= 1000
    assert not has_technical_terms(sentence)
    assert sentence.encode() and "\u202e" not in sentence and "\x00" not in sentence


@pytest.mark.parametrize("step", ["find", "create", "advance"])
def test_a_share_that_is_gone_is_no_business_of_the_rep(inbox: InboxFixture, step: str) -> None:
    """The rep read: "/srv/erp/acks cannot be used: … Is the share mounted, and may Satchel read there?"."""
    id = inbox.capture()

    def fail(*call: object) -> list[ErpDocument]:
        raise out_of_reach(FileNotFoundError(2, "there is no such folder", "/srv/erp/acks"))

    setattr(inbox.erp, step, fail)
    inbox.forwarder().drain()
    record = json.dumps(inbox.record(id))
    assert "/srv" not in record and "share" not in record
    assert "/srv/erp/acks cannot be used" in (inbox.row(id).raw_reason or "")
    inbox.later(days=2)
    flag_overdue(inbox.sessions, "recording", now=inbox.clock.now(), kinds={"order"})
    record = json.dumps(inbox.record(id))
    assert "/srv" not in record and "share" not in record


@pytest.fixture
def garbage() -> Iterator[GarbageServer]:
    with GarbageServer() as server:
        yield server


def error(content: list[Any]) -> Callable[[Any], bytes]:
    """Return an answer with the error *content* to whatever is asked."""
    return lambda request: http(json.dumps({"id": request["id"], "error": content}).encode())


@pytest.mark.parametrize("message", HOSTILE)
def test_what_tryton_says_about_its_server_is_no_business_of_the_rep(
    inbox: InboxFixture, garbage: GarbageServer, tmp_path: Path, message: str
) -> None:
    ids = [inbox.capture(customer=f"C{n}") for n in range(3)]
    refusal, fault = error(["UserError", [message, message, ""]]), error([message, message])
    garbage.answers = [refusal, fault, http(message.encode(), status="500 Oops")]
    erp = HttpErp(tmp_path / "http", garbage.url)
    with closing(erp.client):
        inbox.forwarder(erp=erp).drain()
    for id in ids:
        record = inbox.record(id)
        assert not has_technical_terms(record["reason"] or ""), record["reason"]
        assert not any(has_technical_terms(error["message"]) for error in record["errors"])


def test_an_exception_of_a_connector_is_no_business_of_the_rep(inbox: InboxFixture) -> None:
    id = inbox.capture()

    def create(document: Document) -> ErpDocument:
        raise KeyError("/srv/erp/" + document.id)

    inbox.erp.create = create
    inbox.forwarder().drain()
    record = inbox.record(id)
    assert record["reason"] == "It was sent, but the ERP did not answer. Satchel will look it up."
    assert "KeyError" in (inbox.row(id).raw_reason or "")


def test_the_operator_reads_why_sending_stopped(inbox: InboxFixture) -> None:
    id = inbox.capture()
    inbox.erp.script("create", "config")
    inbox.forwarder().drain()
    assert inbox.breaker().reason == "the account's password has expired"
    assert inbox.record(id)["reason"] == (
        "Sending to the ERP is stopped until IT has corrected its settings. You need not do anything."
    )
    assert NEXT_STATE[ErrorClass.CONFIG].value == inbox.row(id).state
