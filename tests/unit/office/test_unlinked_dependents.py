"""Documents that a link woke wait again when it is taken back; the office is told of those that were sent."""

import pytest

from backend.delivery.park_reasons import PARK_REASONS
from tests.unit.office.office_fixture import OfficeFixture

pytestmark = pytest.mark.both_dialects


@pytest.fixture
def linked(office: OfficeFixture) -> str:
    """A document that is linked to a wrong number."""
    id = office.park()
    office.act("link", id, number=office.inbox.erp.by_hand())
    return id


def test_a_document_that_the_link_woke_waits_again(office: OfficeFixture, linked: str) -> None:
    waits = office.inbox.capture(depends_on=[linked], customer="C2")
    office.act("unlink", linked, why="the wrong order")
    office.inbox.forwarder().drain()
    record = office.inbox.record(waits)
    assert (record["state"], office.inbox.erp.created(waits)) == ("queued", 0)
    assert record["reason"] == (
        f"Waits for document {linked}, which is parked; the office must settle that one first"
    )


def test_a_document_that_was_postponed_says_at_once_what_it_waits_for(
    office: OfficeFixture, linked: str
) -> None:
    waits = office.inbox.capture(depends_on=[linked, "01M8NQWW8PEY9M0SPG6GGX37RZ"], customer="C2")
    office.inbox.forwarder().drain()
    assert "has not arrived yet" in office.inbox.record(waits)["reason"]
    office.act("unlink", linked, why="the wrong order")
    office.inbox.forwarder().drain()
    assert "is parked" in office.inbox.record(waits)["reason"]


def test_a_document_that_a_worker_holds_is_not_created_any_more(office: OfficeFixture, linked: str) -> None:
    waits = office.inbox.capture(depends_on=[linked], customer="C2")
    find = office.inbox.erp.find

    def unlinked_meanwhile(kind: str, key: str) -> object:
        if key == waits:
            office.act("unlink", linked, why="the wrong order")
        return find(kind, key)

    office.inbox.erp.find = unlinked_meanwhile
    office.inbox.forwarder().drain()
    record = office.inbox.record(waits)
    assert (record["state"], office.inbox.erp.created(waits)) == ("queued", 0)
    assert "is parked; the office must settle that one first" in record["reason"]
    assert office.inbox.row(waits).tries == 0


def test_it_is_sent_once_the_right_number_is_linked(office: OfficeFixture, linked: str) -> None:
    waits = office.inbox.capture(depends_on=[linked], customer="C2")
    office.act("unlink", linked, why="the wrong order")
    office.inbox.forwarder().drain()
    office.inbox.later(seconds=31)
    office.act("link", linked, number=office.inbox.erp.by_hand())
    office.inbox.forwarder().drain()
    assert (office.inbox.row(waits).state, office.inbox.erp.created(waits)) == ("accepted", 1)


def test_the_office_is_told_of_a_document_that_was_sent_meanwhile(office: OfficeFixture, linked: str) -> None:
    sent = office.inbox.capture(depends_on=[linked], customer="C2")
    office.inbox.forwarder().drain()
    waits = office.inbox.capture(depends_on=[linked], customer="C3")
    view = office.act("unlink", linked, why="the wrong order")
    assert view.advice == (
        f"{PARK_REASONS['unlinked'].advice} This document depends on it and was sent meanwhile; "
        f"check it in the ERP: {sent}."
    )
    *_, (_, _, detail, _) = office.trail(linked)
    assert detail["sent"] == [sent]
    assert office.inbox.states(sent, waits) == ["accepted", "queued"]


def test_a_call_that_may_still_be_executed_keeps_a_dependent_from_being_withdrawn(
    office: OfficeFixture, linked: str
) -> None:
    office.inbox.erp.enforces_key = True
    waits = office.inbox.capture(depends_on=[linked], customer="C2")
    office.inbox.erp.script("create", "timeout", "ok")
    office.inbox.forwarder().drain()
    assert office.inbox.row(waits).state == "unknown"
    office.act("unlink", linked, why="the wrong order")
    office.inbox.change(waits, due_at=office.inbox.clock.now())
    office.inbox.forwarder().drain()
    assert office.inbox.row(waits).state == "unknown", "what is queued could be withdrawn"
