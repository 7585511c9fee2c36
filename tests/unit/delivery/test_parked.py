"""Parked documents: what the office sees, and what becomes of a document by each of its deeds."""

import pytest

from backend.delivery.causes import CAUSES
from backend.delivery.office.deed import known
from backend.delivery.office.parked import as_parked, parked
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import Document, Found, Outcome
from sync_protocol.errors import ErrorCode
from sync_protocol.submission import State
from tests.unit.delivery.inbox_fixture import ORDER, InboxFixture
from tests.unit.delivery.office_fixture import OfficeFixture
from tests.unit.sync.company import customer, product, unit


@pytest.fixture
def work(inbox: InboxFixture) -> OfficeFixture:
    return OfficeFixture(inbox)


def test_every_class_of_error_has_its_row_with_an_owner_and_something_to_do() -> None:
    assert {error_class.value for error_class in ErrorClass} < set(CAUSES)
    for name, cause in CAUSES.items():
        assert cause.owner in ("rep", "office", "it", "erp", None), name
        assert cause.means.endswith(".") and cause.fix.endswith("."), name


def test_a_parked_document_says_whose_it_is_why_in_whose_words_and_what_to_do(work: OfficeFixture) -> None:
    id = work.park()
    with work.inbox.sessions() as session:
        [seen] = parked(session, now=work.inbox.clock.now())
        assert parked(session, now=work.inbox.clock.now(), owner="it") == []
        assert parked(session, now=work.inbox.clock.now(), error_class="poison") == []
    assert (seen.id, seen.error_class, seen.owner) == (id, "reject_office", "office")
    assert seen.reason == "the customer is over the credit limit" and seen.raw == seen.reason
    assert seen.fix == CAUSES["reject_office"].fix
    assert seen.title == "Order for C1, 1 line"


def test_the_advice_of_the_connector_goes_before_that_of_the_class(work: OfficeFixture) -> None:
    advice = "Raise the credit limit of Thorpe LLC, then retry."

    def refuse(document: Document) -> Found:
        raise ErpError(ErrorClass.REJECT_OFFICE, "no", fix=advice)

    def hold(document: Document, found: Found) -> Outcome:
        return Outcome(State.ON_HOLD, found.external_id, "SO7", "credit limit", fix=advice)

    parked_id, held_id = work.inbox.capture(customer="C1"), work.inbox.capture(customer="C2")
    created = work.inbox.erp.create
    work.inbox.erp.create = (  # type: ignore[method-assign]
        lambda document: refuse(document) if document.id == parked_id else created(document)
    )
    work.inbox.erp.advance = hold  # type: ignore[method-assign]
    work.inbox.forwarder().drain()
    assert work.inbox.states(parked_id, held_id) == ["parked", "on_hold"]
    with work.inbox.sessions() as session:
        now = work.inbox.clock.now()
        assert [as_parked(known(session, id), now).fix for id in (parked_id, held_id)] == [advice, advice]


def test_what_has_waited_longest_comes_first(work: OfficeFixture) -> None:
    first = work.park(customer="C1")
    work.inbox.later(minutes=5)
    second = work.park(customer="C2")
    with work.inbox.sessions() as session:
        assert [one.id for one in parked(session, now=work.inbox.clock.now())] == [first, second]
        assert [one.id for one in parked(session, now=work.inbox.clock.now(), limit=1)] == [first]


def test_a_kind_that_nobody_knows_has_its_own_class(work: OfficeFixture) -> None:
    id = work.inbox.capture(kind="visit", body={"x": "y"})
    work.inbox.change(id, state="parked", owner="office")
    with work.inbox.sessions() as session:
        [seen] = parked(session, now=work.inbox.clock.now())
    assert (seen.error_class, seen.owner) == ("unknown_kind", "office")
    work.refused(ErrorCode.NOT_FOR_THIS, "retry", id, "anna")
    work.office.cancel(id, "anna", "entered by hand as SO7")
    assert work.inbox.record(id)["state"] == "cancelled"


# Retry


def test_retrying_sends_it_again_and_says_who_did_it(work: OfficeFixture) -> None:
    id = work.park()
    work.office.retry(id, "anna", "limit raised")
    assert work.inbox.record(id)["reason"] == "The office sends it again: limit raised"
    work.inbox.forwarder().drain()
    assert work.inbox.row(id).state == "accepted"
    assert work.inbox.erp.created(id) == 1
    assert work.trail(id) == [("user:anna", "parked.retry", {"why": "limit raised"}, work.inbox.clock.now())]


def test_retrying_what_the_erp_may_have_looks_first_and_cannot_be_replaced_meanwhile(
    work: OfficeFixture,
) -> None:
    id = work.park(step="advance")
    assert work.inbox.erp.created(id) == 1
    work.office.retry(id, "anna")
    assert work.inbox.row(id).state == "unknown"
    work.inbox.forwarder().drain()
    assert work.inbox.row(id).state == "accepted"
    assert work.inbox.erp.created(id) == 1


def test_retrying_twice_is_refused_with_where_it_stands(work: OfficeFixture) -> None:
    id = work.park()
    work.office.retry(id, "anna")
    refusal = work.refused(ErrorCode.NOT_PARKED, "retry", id, "bert")
    assert refusal.message == f"document {id} is not parked but queued"


def test_what_is_not_there_is_refused(work: OfficeFixture) -> None:
    for deed, words in (("retry", ()), ("cancel", ("no",)), ("link", ("SO1",)), ("fix", ({},))):
        with pytest.raises(Exception, match="there is no document X"):
            getattr(work.office, deed)("X", "anna", *words)


# Cancel and send back


def test_cancelling_ends_it_and_the_rep_reads_why(work: OfficeFixture) -> None:
    id = work.park()
    work.office.cancel(id, "anna", "ordered twice")
    record = work.inbox.record(id)
    assert (record["state"], record["decision"]) == ("cancelled", "cancelled")
    assert record["reason"] == "The office has cancelled it: ordered twice"
    work.office.cancel(id, "anna", "ordered twice")
    assert len(work.trail(id)) == 1
    work.refused(ErrorCode.NOT_PARKED, "give_back", id, "anna", "mend it")


def test_no_reason_no_cancelling(work: OfficeFixture) -> None:
    id = work.park()
    work.refused(ErrorCode.NOT_FOR_THIS, "cancel", id, "anna", "  ")
    work.refused(ErrorCode.NOT_FOR_THIS, "give_back", id, "anna", "")


def test_what_is_sent_back_is_the_reps_again(work: OfficeFixture) -> None:
    id = work.park()
    work.office.give_back(id, "anna", "choose another customer")
    record = work.inbox.record(id)
    assert (record["state"], record["decision"]) == ("rejected", "returned")
    assert record["reason"] == "The office has sent it back: choose another customer"
    assert work.inbox.row(id).owner == "rep"


# Fix and resend


def test_a_corrected_version_takes_the_place_of_the_original_which_stays_readable(work: OfficeFixture) -> None:
    master_data(work)
    id = work.park()
    before = work.inbox.row(id)
    body = {**ORDER, "notes": "as agreed by telephone"}
    new = work.office.fix(id, "anna", body, "customer called").id
    old = work.inbox.record(id)
    assert (old["state"], old["decision"], old["superseded_by"]) == ("superseded", "fixed", new)
    assert work.inbox.row(id).body == before.body and work.inbox.row(id).sha256 == before.sha256
    record = work.inbox.record(new)
    assert (record["state"], record["supersedes"], record["body"]) == ("queued", id, body)
    work.inbox.forwarder().drain()
    assert work.inbox.row(new).state == "accepted"
    assert (work.inbox.erp.created(id), work.inbox.erp.created(new)) == (0, 1)
    assert work.office.fix(id, "anna", body).id == new
    [(actor, action, detail, _)] = work.trail(id)
    assert (actor, action, detail["replaced_by"]) == ("user:anna", "parked.fix", new)


def test_a_corrected_version_with_faults_is_refused_by_field(work: OfficeFixture) -> None:
    master_data(work)
    id = work.park()
    refusal = work.refused(ErrorCode.BODY_REFUSED, "fix", id, "anna", {**ORDER, "currency": "Euro"})
    assert [fault.field for fault in refusal.faults] == ["currency"]
    refusal = work.refused(ErrorCode.BODY_REFUSED, "fix", id, "anna", {**ORDER, "customer_id": "C9"})
    assert [(f.field, f.code) for f in refusal.faults] == [("customer_id", ErrorCode.UNKNOWN_RECORD)]
    work.refused(ErrorCode.BODY_REFUSED, "fix", id, "anna", {**ORDER, "notes": 1.5})
    work.refused(ErrorCode.NOT_FOR_THIS, "fix", id, "anna", ORDER)


def master_data(work: OfficeFixture) -> None:
    """Put what an order cites into the feed."""
    for put in (unit("pc"), product("P1", units=("pc",)), customer("C1", "NW")):
        work.inbox.publish(put.collection, dict(put.record))
