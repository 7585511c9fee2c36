"""A document waits for documents of the same rep only."""

from sync_protocol.submission import State
from tests.delivery.desk import ORDER, Desk
from tests.delivery.office_at_work import AtWork
from tests.delivery.test_parked import master_data


def test_another_reps_document_counts_as_not_there_and_tells_nothing(desk: Desk) -> None:
    accepted = desk.capture(rep="R2", customer="C2", state=State.ACCEPTED)
    rejected = desk.capture(rep="R2", customer="C3", state=State.REJECTED)
    mine = [desk.capture(customer=f"C{n}", depends_on=[id]) for n, id in ((4, accepted), (5, rejected))]
    desk.forwarder().drain()
    assert desk.states(*mine) == ["queued", "queued"]
    for id, foreign in zip(mine, (accepted, rejected), strict=True):
        assert desk.record(id)["reason"] == f"Waits for document {foreign}, which has not arrived yet"


def test_a_replacement_by_another_rep_is_not_followed(desk: Desk) -> None:
    old = desk.capture(customer="C2", state=State.SUPERSEDED)
    newer = desk.capture(rep="R2", customer="C2", state=State.ACCEPTED)
    desk.change(old, superseded_by=newer)
    id = desk.capture(customer="C3", depends_on=[old])
    desk.forwarder().drain()
    assert desk.record(id)["reason"] == f"Waits for document {old}, which was replaced"


def test_what_waits_for_a_document_that_the_office_fixed_goes_as_soon_as_the_fixed_one_is_accepted(
    desk: Desk,
) -> None:
    work = AtWork(desk)
    master_data(work)
    parked = work.park()
    waits = desk.capture(customer="C2", depends_on=[parked])
    desk.forwarder().drain()
    assert desk.row(waits).due_at > desk.clock.now()
    lines = [{**ORDER["lines"][0], "quantity": "4"}]
    fixed = work.office.fix(parked, "anna", {**ORDER, "lines": lines})
    assert desk.forwarder().drain() == 2, "at once, and not when it would be looked at by itself"
    assert desk.states(fixed.id, waits) == ["accepted"] * 2
