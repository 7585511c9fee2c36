"""What the office sees of parked documents."""

from backend.delivery.park_reasons import PARK_REASONS
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import Document, ErpDocument, Outcome
from backend.office.queries import get_document, list_parked, to_view
from sync_protocol.errors import ErrorCode
from sync_protocol.office import ParkedSchema
from sync_protocol.submission import State
from tests.unit.office.office_fixture import OfficeFixture


def test_every_class_of_error_has_its_row_with_an_owner_and_something_to_do() -> None:
    assert {error_class.value for error_class in ErrorClass} < set(PARK_REASONS)
    for name, cause in PARK_REASONS.items():
        assert cause.owner in ("rep", "office", "it", "erp", None), name
        assert cause.meaning.endswith(".") and cause.advice.endswith("."), name


def test_a_parked_document_says_whose_it_is_why_in_whose_words_and_what_to_do(work: OfficeFixture) -> None:
    id = work.park()
    with work.inbox.sessions() as session:
        [document] = list_parked(session, now=work.inbox.clock.now())
        assert list_parked(session, now=work.inbox.clock.now(), owner="it") == []
        assert list_parked(session, now=work.inbox.clock.now(), error_class="poison") == []
    assert (document.id, document.error_class, document.owner) == (id, "reject_office", "office")
    assert document.reason == "the customer is over the credit limit" and document.raw == document.reason
    assert document.advice == PARK_REASONS["reject_office"].advice
    assert document.title == "Order for C1, 1 line"
    assert ParkedSchema().validate(document.to_wire()) == {}


def test_the_advice_of_the_connector_goes_before_that_of_the_class(work: OfficeFixture) -> None:
    advice = "Raise the credit limit of Thorpe LLC, then retry."

    def refuse(document: Document) -> ErpDocument:
        raise ErpError(ErrorClass.REJECT_OFFICE, "no", advice=advice)

    def hold(document: Document, found: ErpDocument) -> Outcome:
        return Outcome(State.ON_HOLD, found.external_id, "SO7", "credit limit", advice=advice)

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
        advised = [to_view(get_document(session, id), now).advice for id in (parked_id, held_id)]
        assert advised == [advice, advice]


def test_what_has_waited_longest_comes_first(work: OfficeFixture) -> None:
    first = work.park(customer="C1")
    work.inbox.later(minutes=5)
    second = work.park(customer="C2")
    with work.inbox.sessions() as session:
        now = work.inbox.clock.now()
        assert [document.id for document in list_parked(session, now=now)] == [first, second]
        assert [document.id for document in list_parked(session, now=now, limit=1)] == [first]


def test_a_kind_that_nobody_knows_has_its_own_class(work: OfficeFixture) -> None:
    id = work.inbox.capture(kind="visit", body={"x": "y"})
    work.inbox.change(id, state="parked", owner="office")
    with work.inbox.sessions() as session:
        [document] = list_parked(session, now=work.inbox.clock.now())
    assert (document.error_class, document.owner) == ("unknown_kind", "office")
    work.refused(ErrorCode.NOT_FOR_THIS, "retry", id)
    work.act("cancel", id, why="entered by hand as SO7")
    assert work.inbox.record(id)["state"] == "cancelled"
