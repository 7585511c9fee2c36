"""A document waits for documents of the same rep only."""

import pytest

from sync_protocol.submission import State
from tests.unit.delivery.inbox_fixture import ORDER, InboxFixture
from tests.unit.office.office_fixture import OfficeFixture

pytestmark = pytest.mark.both_dialects


def test_another_reps_document_counts_as_not_there_and_tells_nothing(inbox: InboxFixture) -> None:
    accepted = inbox.capture(rep="R2", customer="C2", state=State.ACCEPTED)
    rejected = inbox.capture(rep="R2", customer="C3", state=State.REJECTED)
    mine = [inbox.capture(customer=f"C{n}", depends_on=[id]) for n, id in ((4, accepted), (5, rejected))]
    inbox.forwarder().drain()
    assert inbox.states(*mine) == ["queued", "queued"]
    for id, foreign in zip(mine, (accepted, rejected), strict=True):
        assert inbox.record(id)["reason"] == f"Waits for document {foreign}, which has not arrived yet"


def test_a_replacement_by_another_rep_is_not_followed(inbox: InboxFixture) -> None:
    old = inbox.capture(customer="C2", state=State.SUPERSEDED)
    newer = inbox.capture(rep="R2", customer="C2", state=State.ACCEPTED)
    inbox.change(old, superseded_by=newer)
    id = inbox.capture(customer="C3", depends_on=[old])
    inbox.forwarder().drain()
    assert inbox.record(id)["reason"] == f"Waits for document {old}, which was replaced"


def test_what_waits_for_a_document_that_the_office_fixed_goes_as_soon_as_the_fixed_one_is_accepted(
    inbox: InboxFixture,
) -> None:
    work = OfficeFixture(inbox)
    work.publish_master_data()
    parked = work.park()
    waits = inbox.capture(customer="C2", depends_on=[parked])
    inbox.forwarder().drain()
    assert inbox.row(waits).due_at > inbox.clock.now()
    lines = [{**ORDER["lines"][0], "quantity": "4"}]
    fixed = work.act("fix", parked, body={**ORDER, "lines": lines})
    assert inbox.forwarder().drain() == 2, "at once, and not when it would be looked at by itself"
    assert inbox.states(fixed.id, waits) == ["accepted"] * 2
