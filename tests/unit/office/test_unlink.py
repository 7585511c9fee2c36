"""The office takes a number of the ERP from a document, because it is that of another one."""

import pytest

from backend.delivery.park_reasons import PARK_REASONS
from sync_protocol.errors import ErrorCode
from tests.unit.office.office_fixture import OfficeFixture

pytestmark = pytest.mark.both_dialects


def test_a_link_is_taken_back_and_the_right_number_is_linked(office: OfficeFixture) -> None:
    id = office.park()
    wrong, right = office.inbox.erp.by_hand(), office.inbox.erp.by_hand()
    office.act("link", id, number=wrong)
    view = office.act("unlink", id, "bert", why="it is another customer's")
    assert (view.state, view.error_class, view.owner, view.erp_number) == ("parked", "unlinked", "office", None)
    assert view.advice == PARK_REASONS["unlinked"].advice
    record = office.inbox.record(id)
    assert (record["state"], record["decision"], record["erp_number"]) == ("parked", None, None)
    assert record["reason"] == f"The office has removed the link to {wrong}: it is another customer's"
    assert office.inbox.bindings(id) == []
    _, unlink = office.trail(id)
    assert unlink[:2] == ("user:bert", "parked.unlink")
    assert unlink[2] == {"why": "it is another customer's", "number": wrong, "external_id": "1"}
    office.inbox.later(seconds=31)
    office.act("link", id, number=right)
    assert (office.inbox.row(id).erp_number, office.inbox.bindings(id)) == (right, [("order", "2")])


def test_another_document_can_be_linked_to_a_number_whose_link_was_taken_back(office: OfficeFixture) -> None:
    first, second = office.park(), office.park(customer="C2")
    number = office.inbox.erp.by_hand()
    office.act("link", first, number=number)
    office.act("unlink", first)
    office.act("link", second, number=number)
    assert office.inbox.states(first, second) == ["parked", "accepted"]


def test_taking_a_link_back_twice_changes_nothing(office: OfficeFixture) -> None:
    id = office.park()
    office.act("link", id, number=office.inbox.erp.by_hand())
    office.act("unlink", id)
    office.act("unlink", id, "bert")
    assert [action for _, action, _, _ in office.trail(id)] == ["parked.link", "parked.unlink"]


@pytest.mark.parametrize("mode", ["ok", "on_hold"])
def test_a_number_that_the_erp_itself_has_answered_is_taken_back_with_force_and_a_reason(
    office: OfficeFixture, mode: str
) -> None:
    office.inbox.erp.script("advance", mode)
    id = office.inbox.capture()
    office.inbox.forwarder().drain()
    before = office.inbox.row(id).state
    refusal = office.refused(ErrorCode.LINK_DOUBTFUL, "unlink", id)
    assert refusal.message == (
        f"nobody linked document {id} to SO1: the ERP has answered with that number; "
        "use force with the reason if SO1 is another document"
    )
    office.refused(ErrorCode.LINK_DOUBTFUL, "unlink", id, force=True)
    office.refused(ErrorCode.LINK_DOUBTFUL, "unlink", id, why="it is another customer's")
    view = office.act("unlink", id, force=True, why="it is another customer's")
    assert (before, view.state, view.error_class) == (
        {"ok": "accepted", "on_hold": "on_hold"}[mode], "parked", "unlinked",
    )  # fmt: skip
    assert (office.inbox.record(id)["erp_number"], office.inbox.bindings(id)) == (None, [])


def test_a_document_without_a_number_cannot_be_unlinked(office: OfficeFixture) -> None:
    parked = office.park()
    waiting = office.inbox.capture(customer="C2", depends_on=[parked])
    for id in (parked, waiting):
        office.refused(ErrorCode.NOT_FOR_THIS, "unlink", id, force=True, why="sure")


def test_a_document_whose_link_was_taken_back_can_be_sent(office: OfficeFixture) -> None:
    id = office.park()
    office.act("link", id, number=office.inbox.erp.by_hand())
    office.act("unlink", id)
    office.act("retry", id)
    office.inbox.later(seconds=31)
    office.inbox.forwarder().drain()
    assert (office.inbox.row(id).state, office.inbox.erp.created(id)) == ("accepted", 1)
