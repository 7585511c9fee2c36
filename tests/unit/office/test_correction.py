"""Fixing a parked document: a corrected version takes the place of the original."""

import threading

from backend.office.errors import ActionRefused
from backend.sync import grants
from backend.sync.push import push
from sync_protocol.errors import ErrorCode
from tests.unit.delivery.inbox_fixture import ORDER
from tests.unit.office.office_fixture import OfficeFixture, side_by_side
from tests.unit.sync.company import submission


def test_a_corrected_version_takes_the_place_of_the_original_which_stays_readable(work: OfficeFixture) -> None:
    work.publish_master_data()
    id = work.park()
    before = work.inbox.row(id)
    body = {**ORDER, "notes": "as agreed by telephone"}
    new = work.act("fix", id, why="customer called", body=body).id
    old = work.inbox.record(id)
    assert (old["state"], old["decision"], old["superseded_by"]) == ("superseded", "fixed", new)
    assert work.inbox.row(id).body == before.body and work.inbox.row(id).sha256 == before.sha256
    record = work.inbox.record(new)
    assert (record["state"], record["supersedes"], record["body"]) == ("queued", id, body)
    work.inbox.forwarder().drain()
    assert work.inbox.row(new).state == "accepted"
    assert (work.inbox.erp.created(id), work.inbox.erp.created(new)) == (0, 1)
    assert work.act("fix", id, body=body).id == new
    [(actor, action, detail, _)] = work.trail(id)
    assert (actor, action, detail["replaced_by"]) == ("user:anna", "parked.fix", new)


def test_another_correction_of_what_was_fixed_is_refused(work: OfficeFixture) -> None:
    work.publish_master_data()
    id = work.park()
    work.act("fix", id, body={**ORDER, "notes": "as agreed by telephone"})
    work.refused(ErrorCode.NOT_PARKED, "fix", id, body={**ORDER, "notes": "something else"})


def test_a_corrected_version_with_faults_is_refused_by_field(work: OfficeFixture) -> None:
    work.publish_master_data()
    id = work.park()
    refusal = work.refused(ErrorCode.BODY_REFUSED, "fix", id, body={**ORDER, "currency": "Euro"})
    assert [fault.field for fault in refusal.faults] == ["currency"]
    refusal = work.refused(ErrorCode.BODY_REFUSED, "fix", id, body={**ORDER, "customer_id": "C9"})
    assert [(f.field, f.code) for f in refusal.faults] == [("customer_id", ErrorCode.UNKNOWN_RECORD)]
    work.refused(ErrorCode.BODY_REFUSED, "fix", id, body={**ORDER, "notes": 1.5})
    work.refused(ErrorCode.NOT_FOR_THIS, "fix", id, body=ORDER)


def test_the_office_and_a_rep_correct_a_document_at_once_and_the_erp_gets_one(work: OfficeFixture) -> None:
    work.publish_master_data()
    id = work.park()
    copy = submission("01KB0000000000000000000009", {**ORDER, "notes": "the rep's"}, supersedes=id)
    outcomes: list[str] = []
    barrier = threading.Barrier(2)

    def office() -> None:
        barrier.wait()
        try:
            work.act("fix", id, body={**ORDER, "notes": "the office's"})
            outcomes.append("fixed")
        except ActionRefused as refused:
            outcomes.append(refused.code.code)

    def rep() -> None:
        barrier.wait()
        with work.inbox.sessions() as session, session.begin():
            grants.assign(session, "R1", "territory:NW", work.inbox.clock.now())
        with work.inbox.sessions() as session, session.begin():
            [result] = push(
                session, rep_id="R1", device_id="D1", submissions=[copy], now=work.inbox.clock.now()
            )
            outcomes.append(str(result["status"]))

    side_by_side(office, rep)
    assert sorted(outcomes) in (["fixed", "refused"], ["not_parked", "received"])
    work.inbox.forwarder().drain()
    assert sum(entry["event"] == "create" for entry in work.inbox.erp.executed) == 1
