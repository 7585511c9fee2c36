"""A document waits for those that it depends on, and for no others."""

import pytest

from backend.delivery.transition import Transition
from sync_protocol.submission import State
from tests.unit.delivery.inbox_fixture import ORDER, InboxFixture
from tests.unit.delivery.queue.leases import accepted_transition, lease_next, settle
from tests.unit.office.office_fixture import OfficeFixture

pytestmark = pytest.mark.both_dialects


def test_a_parked_document_delays_only_its_dependents(inbox: InboxFixture) -> None:
    parked = inbox.capture()
    dependent = inbox.capture(depends_on=[parked])
    neighbour = inbox.capture()
    lease = lease_next(inbox)
    assert lease is not None and lease.id == parked
    settle(inbox, lease, Transition(State.PARKED, sent_at=None))
    then = lease_next(inbox)
    assert then is not None and then.id == neighbour
    row = inbox.row(dependent)
    assert (row.state, row.owner) == ("queued", "office")
    assert row.reason == f"Waits for document {parked}, which is parked; the office must settle that one first"
    assert inbox.record(dependent)["reason"] == row.reason


def test_a_dependent_is_sent_once_its_dependency_is_accepted(inbox: InboxFixture) -> None:
    first = inbox.capture(customer="C1")
    dependent = inbox.capture(customer="C2", depends_on=[first])
    lease = lease_next(inbox)
    assert lease is not None and lease.id == first
    assert lease_next(inbox, "w2") is None
    assert inbox.row(dependent).reason == f"Waits for document {first}, which the ERP has not accepted yet"
    settle(inbox, lease, accepted_transition())
    then = lease_next(inbox, "w2")
    assert then is not None and then.id == dependent


def test_a_dependent_waits_for_a_document_that_has_not_arrived(inbox: InboxFixture) -> None:
    missing = "01KAQ0000000000000000000AA"
    id = inbox.capture(depends_on=[missing])
    assert lease_next(inbox) is None
    assert inbox.row(id).reason == f"Waits for document {missing}, which has not arrived yet"
    assert inbox.row(id).state == "queued"


def test_a_dependent_follows_its_dependency_to_the_replacement(inbox: InboxFixture) -> None:
    old, new = inbox.capture(state=State.SUPERSEDED), inbox.capture(state=State.ACCEPTED)
    inbox.change(old, superseded_by=new)
    id = inbox.capture(depends_on=[old])
    lease = lease_next(inbox)
    assert lease is not None and lease.id == id


def test_documents_that_depend_on_each_other_delay_no_others(inbox: InboxFixture) -> None:
    first = inbox.capture()
    second = inbox.capture(depends_on=[first])
    inbox.change(first, depends_on=[second])
    other = inbox.capture()
    lease = lease_next(inbox)
    assert lease is not None and lease.id == other


def test_a_document_of_another_rep_counts_as_missing(inbox: InboxFixture) -> None:
    accepted = inbox.capture(rep="R2", customer="C2", state=State.ACCEPTED)
    rejected = inbox.capture(rep="R2", customer="C3", state=State.REJECTED)
    waiting = [inbox.capture(customer=f"C{n}", depends_on=[id]) for n, id in ((4, accepted), (5, rejected))]
    inbox.forwarder().drain()
    assert inbox.states(*waiting) == ["queued", "queued"]
    for id, foreign in zip(waiting, (accepted, rejected), strict=True):
        assert inbox.record(id)["reason"] == f"Waits for document {foreign}, which has not arrived yet"


def test_a_replacement_by_another_rep_is_not_followed(inbox: InboxFixture) -> None:
    old = inbox.capture(customer="C2", state=State.SUPERSEDED)
    newer = inbox.capture(rep="R2", customer="C2", state=State.ACCEPTED)
    inbox.change(old, superseded_by=newer)
    id = inbox.capture(customer="C3", depends_on=[old])
    inbox.forwarder().drain()
    assert inbox.record(id)["reason"] == f"Waits for document {old}, which was replaced"


def test_a_dependent_is_sent_once_the_corrected_dependency_is_accepted(
    inbox: InboxFixture,
) -> None:
    office = OfficeFixture(inbox)
    office.publish_master_data()
    parked = office.park()
    waits = inbox.capture(customer="C2", depends_on=[parked])
    inbox.forwarder().drain()
    assert inbox.row(waits).due_at > inbox.clock.now()
    lines = [{**ORDER["lines"][0], "quantity": "4"}]
    fixed = office.act("fix", parked, body={**ORDER, "lines": lines})
    assert inbox.forwarder().drain() == 2, "at once, and not when it is due"
    assert inbox.states(fixed.id, waits) == ["accepted"] * 2
