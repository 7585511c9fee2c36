"""Batches and the table of roles: who may begin, continue and undo one, and on which documents."""

from functools import partial

import pytest

from backend.identity import access as grants
from backend.office.access import Grant, OfficeUser
from backend.office.batch_request import BatchRequest
from backend.office.batches import batch_view, get_batch
from backend.office.causes import causes
from backend.office.errors import ActionRefused
from backend.office.roles import Role
from sync_protocol.errors import ErrorCode
from tests.unit.office.batches_fixture import Batches


def test_a_person_acts_on_the_documents_of_their_reps_alone(batches: Batches) -> None:
    inbox = batches.office.inbox
    cause, [first, second] = batches.park(2)
    foreign = batches.office.park(customer="C9", rep="R2")
    with inbox.sessions() as session, session.begin():
        grants.assign(session, "R1", "territory:NW", inbox.clock.now())
        grants.assign(session, "R2", "territory:SE", inbox.clock.now())
    batch = batches.begin("retry", cause)
    north = OfficeUser("nora", (Grant(Role.ORDER_DESK, "NW"),))
    south = OfficeUser("sven", (Grant(Role.ORDER_DESK, "SE"),))
    for user, own, others in ((north, [first, second], [foreign]), (south, [foreign], [])):
        service = batches.acting(user)
        with inbox.sessions() as session:
            assert [cause.documents for cause in causes(session, now=inbox.clock.now(), user=user)] == [
                len(own)
            ]
            view = batch_view(session, batch, user)
        assert ([document["id"] for document in view["documents"]], view["waiting"]) == (own, len(own))
        assert service.proceed(batch, by=user.name) == 0
        assert (batches.states(own), batches.states(others)) == (
            ["queued"] * len(own),
            ["parked"] * len(others),
        )
    service.undo(batch, by="sven")
    assert batches.states([first, second, foreign]) == ["queued", "queued", "parked"]


def test_whoever_may_not_act_cannot_begin_continue_or_undo_a_batch(batches: Batches) -> None:
    cause, ids = batches.park(2)
    batch = batches.run("retry", cause, limit=1)
    service = batches.acting(OfficeUser("olga", (Grant(Role.AUDITOR, None),)))
    for refused in (
        partial(service.begin, BatchRequest("retry", cause, "olga")),
        partial(service.proceed, batch, by="olga"),
        partial(service.undo, batch, by="olga"),
    ):
        with pytest.raises(ActionRefused) as raised:
            refused()
        assert raised.value.code is ErrorCode.ROLE_MISSING
    assert batches.states(ids) == ["queued", "parked"]
    with batches.office.inbox.sessions() as session:
        assert get_batch(session, batch).undone_at is None


def test_whoever_may_decide_and_not_retry_can_undo_what_they_began(batches: Batches) -> None:
    inbox = batches.office.inbox
    _, [id] = batches.park(1)
    with inbox.sessions() as session, session.begin():
        grants.assign(session, "R1", "territory:NW", inbox.clock.now())
    inbox.change(id, error_class="approval", cause="approval")
    service = batches.acting(OfficeUser("boss", (Grant(Role.SUPERVISOR, "NW"),)))
    batch = service.begin(BatchRequest("approve", "approval", "boss"))
    service.proceed(batch, by="boss")
    assert batches.states([id]) == ["queued"]
    service.undo(batch, by="boss")
    assert (batches.states([id]), batches.results(batch)) == (["parked"], [("undone", None)])
