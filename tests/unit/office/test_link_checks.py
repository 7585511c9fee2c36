"""What the ERP says about a document decides whether it can be linked."""

import pytest

from sync_protocol.errors import ErrorCode
from tests.unit.delivery.inbox_fixture import ORDER
from tests.unit.office.office_fixture import OfficeFixture
from tests.unit.sync.company import customer

pytestmark = pytest.mark.both_dialects


def test_a_cancelled_order_is_not_linked(office: OfficeFixture) -> None:
    id = office.park()
    number = office.inbox.erp.by_hand()
    office.inbox.erp.decide("1", "cancelled")
    refusal = office.refused(ErrorCode.NOT_FOR_THIS, "link", id, number=number, force=True, why="sure")
    assert refusal.message == f"{number} is cancelled in the ERP; link another one, or cancel the document"


def test_an_order_of_another_customer_is_linked_only_with_force_and_a_reason(office: OfficeFixture) -> None:
    id = office.park()
    for key in ("C1", "C9"):
        put = customer(key, "NW")
        office.inbox.publish(put.collection, dict(put.record))
    number = office.inbox.erp.by_hand(body={**ORDER, "customer_id": "C9"})
    refusal = office.refused(ErrorCode.LINK_DOUBTFUL, "link", id, number=number)
    assert refusal.message.startswith(f"{number} is for customer ")
    assert "C9" in refusal.message and "C1" in refusal.message
    office.refused(ErrorCode.LINK_DOUBTFUL, "link", id, number=number, force=True)
    office.refused(ErrorCode.LINK_DOUBTFUL, "link", id, number=number, why="the buyer is the parent company")
    office.act("link", id, number=number, force=True, why="the buyer is the parent company")
    assert office.inbox.row(id).state == "accepted"
    [(_, _, detail, _)] = office.trail(id)
    assert (detail["why"], len(detail["doubts"])) == ("the buyer is the parent company", 1)


def test_an_order_of_the_customer_that_this_one_was_merged_into_is_linked(office: OfficeFixture) -> None:
    id = office.park()
    old, new = customer("C1", "NW"), customer("C9", "NW")
    office.inbox.publish(new.collection, dict(new.record))
    office.inbox.publish(old.collection, {**old.record, "replaced_by": "C9"})
    office.act("link", id, number=office.inbox.erp.by_hand(body={**ORDER, "customer_id": "C9"}))
    assert office.inbox.row(id).state == "accepted"


def test_an_order_with_another_total_is_linked_only_with_force_and_a_reason(office: OfficeFixture) -> None:
    id = office.park()
    number = office.inbox.erp.by_hand(body=ORDER)
    office.inbox.erp.totals[""] = "99.00"
    refusal = office.refused(ErrorCode.LINK_DOUBTFUL, "link", id, number=number)
    assert refusal.message == (
        f"{number} has a total of 99.00, not of 28.50; use force with the reason if it is the right one"
    )
    office.act("link", id, number=number, force=True, why="a discount was agreed by telephone")
    assert office.inbox.row(id).erp_number == number
    total = "(Its total in the ERP is 99.00 EUR, and the rep was shown 28.50 EUR)"
    assert total in office.inbox.record(id)["reason"]


def test_an_order_with_another_rounding_is_linked_and_the_rep_reads_both_totals(office: OfficeFixture) -> None:
    id = office.park()
    number = office.inbox.erp.by_hand(body=ORDER)
    office.inbox.erp.totals[""] = "28.51"
    office.act("link", id, number=number)
    assert "28.51 EUR, and the rep was shown 28.50 EUR" in office.inbox.record(id)["reason"]


def test_an_order_of_the_same_customer_and_total_is_linked_without_force(office: OfficeFixture) -> None:
    id = office.park()
    number = office.inbox.erp.by_hand(body=ORDER)
    office.inbox.erp.totals[""] = "28.50"
    office.act("link", id, number=number)
    assert office.inbox.row(id).state == "accepted"
