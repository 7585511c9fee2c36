"""An ERP that answers two documents with one number: the second is parked, and the office can settle it."""

import pytest

from backend.delivery.park_reasons import PARK_REASONS
from sync_protocol.errors import ErrorCode
from tests.unit.office.office_fixture import OfficeFixture

pytestmark = pytest.mark.both_dialects


@pytest.fixture
def first(office: OfficeFixture) -> str:
    """A document that the ERP has accepted as SO1."""
    id = office.inbox.capture()
    office.inbox.forwarder().drain()
    assert office.inbox.row(id).erp_number == "SO1"
    return id


@pytest.fixture
def second(office: OfficeFixture, first: str) -> str:
    """A document that the ERP answers with SO1 too."""
    office.inbox.erp.script("advance", "answers:1", "ok")
    id = office.inbox.capture(customer="C2")
    office.inbox.forwarder().drain()
    office.inbox.later(seconds=31)
    return id


def test_a_number_of_another_document_parks_with_its_own_reason(
    office: OfficeFixture, first: str, second: str
) -> None:
    [view] = [office.act("reserve", second)]
    assert (view.state, view.error_class, view.owner) == ("parked", "number_conflict", "office")
    assert view.advice == PARK_REASONS["number_conflict"].advice
    assert first in (view.raw or "")
    record = office.inbox.record(second)
    assert record["reason"] == (
        "The ERP has answered with SO1, the number of another document; the office must check it"
    )
    assert record["erp_number"] is None
    assert office.inbox.row(first).state == "accepted"


def test_it_is_linked_to_the_number_that_it_has_in_the_erp(
    office: OfficeFixture, first: str, second: str
) -> None:
    office.act("link", second, number="SO2")
    assert (office.inbox.row(second).state, office.inbox.row(second).erp_number) == ("accepted", "SO2")
    assert office.inbox.bindings(first) == [("order", "1")]


def test_it_is_not_linked_to_the_number_of_the_other_document(
    office: OfficeFixture, first: str, second: str
) -> None:
    office.refused(ErrorCode.MAY_BE_IN_ERP, "link", second, number="SO1")


def test_it_is_sent_again_and_the_right_answer_counts(office: OfficeFixture, first: str, second: str) -> None:
    office.act("retry", second)
    office.inbox.forwarder().drain()
    assert (office.inbox.row(second).erp_number, office.inbox.erp.created(second)) == ("SO2", 1)


@pytest.mark.parametrize("action", ["cancel", "return"])
def test_an_answer_that_belongs_to_another_document_is_overruled_with_a_reason(
    office: OfficeFixture, first: str, second: str, action: str
) -> None:
    """The ERP shows the other document's number under our key, as the flat-file connector does."""
    office.inbox.erp.lose(second)
    office.inbox.erp.answer_for(second, with_document_of=first)
    refusal = office.refused(ErrorCode.MAY_BE_IN_ERP, action, second, why="entered twice")
    assert refusal.message == (
        "the ERP answers for this document with SO1, the number of another document; "
        "use force with the reason if the ERP has no document of its own for it"
    )
    office.act(action, second, why="entered twice", force=True)
    assert office.inbox.row(second).state in ("cancelled", "rejected")
    assert office.inbox.row(first).state == "accepted"


def test_it_is_linked_elsewhere_although_the_erp_still_shows_the_number_of_the_other(
    office: OfficeFixture, first: str, second: str
) -> None:
    office.inbox.erp.lose(second)
    office.inbox.erp.answer_for(second, with_document_of=first)
    number = office.inbox.erp.by_hand()
    office.act("link", second, number=number)
    assert office.inbox.row(second).erp_number == number


def test_what_the_erp_has_of_its_own_is_not_given_up_by_force(
    office: OfficeFixture, first: str, second: str
) -> None:
    office.refused(ErrorCode.MAY_BE_IN_ERP, "cancel", second, why="entered twice", force=True)


def test_two_orders_of_the_erp_under_one_number_are_both_accepted_and_the_office_can_read_it(
    office: OfficeFixture, first: str
) -> None:
    office.inbox.erp.numbers["2"] = "SO1"
    other = office.inbox.capture(customer="C2")
    office.inbox.forwarder().drain()
    assert (office.inbox.row(other).state, office.inbox.row(other).erp_number) == ("accepted", "SO1")
    notes = [note for note in office.inbox.notes(other) if note]
    assert f"the ERP has given the number SO1 to document {first} as well; its ids are 2 and 1" in notes[-1]
    assert (office.inbox.record(other)["reason"] or "").count("SO1") == 0, "the rep has nothing to do"


def test_a_number_that_is_the_only_id_of_one_document_is_not_given_to_another(office: OfficeFixture) -> None:
    """An acknowledgement without `erp_id` has the number as the id, as the flat-file connector reads it."""
    office.inbox.erp.numbers.update({"1": "1", "2": "1"})
    first, second = office.inbox.capture(), office.inbox.capture(customer="C2")
    office.inbox.forwarder().drain()
    assert office.inbox.row(first).state == "accepted"
    row = office.inbox.row(second)
    assert (row.state, row.error_class) == ("parked", "number_conflict")


def test_a_parked_document_is_linked_to_the_one_of_two_that_is_free(office: OfficeFixture) -> None:
    linked, parked = office.park(), office.park()
    number = office.inbox.erp.by_hand()
    office.act("link", linked, number=number)
    free = office.inbox.erp.by_hand().removeprefix("SO")
    office.inbox.erp.numbers[free] = number
    office.act("link", parked, number=number)
    assert office.inbox.bindings(parked) == [("order", free)]
    assert office.inbox.bindings(linked) == [("order", number.removeprefix("SO"))]


def test_two_free_orders_under_one_number_are_named_by_their_ids(office: OfficeFixture) -> None:
    id = office.park()
    right, wrong = (office.inbox.erp.by_hand().removeprefix("SO") for _ in range(2))
    office.inbox.erp.numbers[wrong] = f"SO{right}"
    refusal = office.refused(ErrorCode.NOT_IN_ERP, "link", id, number=f"SO{right}")
    assert f"more than one order SO{right} (ids {right}, {wrong})" in refusal.message
    office.inbox.erp.decide(wrong, "cancelled")
    office.act("link", id, number=f"SO{right}")
    assert office.inbox.bindings(id) == [("order", right)]
