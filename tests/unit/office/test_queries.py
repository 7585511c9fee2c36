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


def test_a_parked_document_has_owner_reason_and_advice(office: OfficeFixture) -> None:
    id = office.park()
    with office.inbox.sessions() as session:
        [document] = list_parked(session, now=office.inbox.clock.now()).documents
        assert list_parked(session, now=office.inbox.clock.now(), owner="it").documents == []
        assert list_parked(session, now=office.inbox.clock.now(), error_class="poison").documents == []
    assert (document.id, document.error_class, document.owner) == (id, "reject_office", "office")
    assert document.reason == "the customer is over the credit limit" and document.raw == document.reason
    assert document.advice == PARK_REASONS["reject_office"].advice
    assert document.title == "Order for C1, 1 line"
    assert ParkedSchema().validate(document.to_wire()) == {}


def test_the_connectors_advice_overrides_that_of_the_class(office: OfficeFixture) -> None:
    advice = "Raise the credit limit of Thorpe LLC, then retry."

    def refuse(document: Document) -> ErpDocument:
        raise ErpError(ErrorClass.REJECT_OFFICE, "no", advice=advice)

    def hold(document: Document, erp_document: ErpDocument) -> Outcome:
        return Outcome(State.ON_HOLD, erp_document.external_id, "SO7", "credit limit", advice=advice)

    parked_id, held_id = office.inbox.capture(customer="C1"), office.inbox.capture(customer="C2")
    created = office.inbox.erp.create
    office.inbox.erp.create = lambda document: (
        refuse(document) if document.id == parked_id else created(document)
    )
    office.inbox.erp.advance = hold
    office.inbox.forwarder().drain()
    assert office.inbox.states(parked_id, held_id) == ["parked", "on_hold"]
    with office.inbox.sessions() as session:
        now = office.inbox.clock.now()
        advised = [to_view(get_document(session, id), now).advice for id in (parked_id, held_id)]
        assert advised == [advice, advice]


def test_the_longest_parked_document_comes_first(office: OfficeFixture) -> None:
    first = office.park(customer="C1")
    office.inbox.later(minutes=5)
    second = office.park(customer="C2")
    with office.inbox.sessions() as session:
        now = office.inbox.clock.now()
        assert [document.id for document in list_parked(session, now=now).documents] == [first, second]
        assert [document.id for document in list_parked(session, now=now, limit=1).documents] == [first]


def test_a_kind_that_nobody_knows_has_its_own_class(office: OfficeFixture) -> None:
    id = office.inbox.capture(kind="visit", body={"x": "y"})
    office.inbox.change(id, state="parked", owner="office")
    with office.inbox.sessions() as session:
        [document] = list_parked(session, now=office.inbox.clock.now()).documents
    assert (document.error_class, document.owner) == ("unknown_kind", "office")
    office.refused(ErrorCode.NOT_FOR_THIS, "retry", id)
    office.act("cancel", id, why="entered by hand as SO7")
    assert office.inbox.record(id)["state"] == "cancelled"
