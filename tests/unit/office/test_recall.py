"""Recalling a document that waits to be sent."""

from sync_protocol.errors import ErrorCode
from tests.unit.delivery.inbox_fixture import ORDER
from tests.unit.office.office_fixture import OfficeFixture


def test_a_retried_document_is_parked_again_with_its_cause(office: OfficeFixture) -> None:
    id = office.park()
    before = office.inbox.row(id)
    assert before.cause is not None and before.cause.startswith("reject_office-")
    office.act("retry", id)
    view = office.act("recall", id, why="too early")
    after = office.inbox.row(id)
    assert (view.state, view.error_class, view.owner) == ("parked", "reject_office", "office")
    assert (after.cause, after.raw_reason) == (before.cause, before.raw_reason)
    assert view.reason == "The office has stopped it before it was sent: too early"
    office.inbox.forwarder().drain()
    assert office.inbox.row(id).state == "parked"
    office.act("retry", id)
    office.inbox.forwarder().drain()
    assert office.inbox.row(id).state == "accepted"
    assert office.inbox.erp.created(id) == 1


def test_a_correction_is_parked_with_the_cause_of_its_original(office: OfficeFixture) -> None:
    office.publish_master_data()
    id = office.park()
    new = office.act("fix", id, body={**ORDER, "notes": "as agreed"}).id
    office.act("recall", new)
    assert office.inbox.row(new).cause == office.inbox.row(id).cause
    assert office.inbox.states(id, new) == ["superseded", "parked"]


def test_a_document_that_was_never_parked_waits_without_a_class(office: OfficeFixture) -> None:
    id = office.inbox.capture()
    assert office.act("recall", id).error_class == "unspecified"


def test_what_was_sent_or_has_ended_is_not_recalled(office: OfficeFixture) -> None:
    sent = office.inbox.capture()
    office.inbox.erp.script("create", "lost_after", "ok")
    office.inbox.forward_one()
    office.refused(ErrorCode.NOT_FOR_THIS, "recall", sent)
    parked = office.inbox.capture(customer="C2")
    office.inbox.erp.script("create", "refuse_office")
    office.inbox.forward_one()
    office.refused(ErrorCode.NOT_FOR_THIS, "recall", parked)


def test_a_queued_document_that_may_be_in_the_erp_is_not_recalled(office: OfficeFixture) -> None:
    id = office.inbox.capture()
    office.inbox.change(id, last_sent_at=office.inbox.clock.now())
    office.refused(ErrorCode.NOT_FOR_THIS, "recall", id)
