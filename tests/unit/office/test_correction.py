"""Fixing a parked document: a corrected version takes the place of the original."""

import threading

from backend.office.errors import ActionRefused
from backend.sync import grants
from backend.sync.push import push
from sync_protocol.errors import ErrorCode
from tests.unit.delivery.inbox_fixture import ORDER
from tests.unit.office.office_fixture import OfficeFixture, side_by_side
from tests.unit.sync.company import submission


def test_a_corrected_version_replaces_the_original(
    office: OfficeFixture,
) -> None:
    office.publish_master_data()
    id = office.park()
    before = office.inbox.row(id)
    body = {**ORDER, "notes": "as agreed by telephone"}
    new = office.act("fix", id, why="customer called", body=body).id
    old = office.inbox.record(id)
    assert (old["state"], old["decision"], old["superseded_by"]) == ("superseded", "fixed", new)
    assert office.inbox.row(id).body == before.body and office.inbox.row(id).sha256 == before.sha256
    record = office.inbox.record(new)
    assert (record["state"], record["supersedes"], record["body"]) == ("queued", id, body)
    office.inbox.forwarder().drain()
    assert office.inbox.row(new).state == "accepted"
    assert (office.inbox.erp.created(id), office.inbox.erp.created(new)) == (0, 1)
    assert office.act("fix", id, body=body).id == new
    [(actor, action, detail, _)] = office.trail(id)
    assert (actor, action, detail["replaced_by"]) == ("user:anna", "parked.fix", new)


def test_a_second_correction_is_refused(office: OfficeFixture) -> None:
    office.publish_master_data()
    id = office.park()
    office.act("fix", id, body={**ORDER, "notes": "as agreed by telephone"})
    office.refused(ErrorCode.NOT_PARKED, "fix", id, body={**ORDER, "notes": "something else"})


def test_a_corrected_version_with_faults_is_refused_by_field(office: OfficeFixture) -> None:
    office.publish_master_data()
    id = office.park()
    refusal = office.refused(ErrorCode.BODY_REFUSED, "fix", id, body={**ORDER, "currency": "Euro"})
    assert [fault.field for fault in refusal.faults] == ["currency"]
    refusal = office.refused(ErrorCode.BODY_REFUSED, "fix", id, body={**ORDER, "customer_id": "C9"})
    assert [(f.field, f.code) for f in refusal.faults] == [("customer_id", ErrorCode.UNKNOWN_RECORD)]
    office.refused(ErrorCode.BODY_REFUSED, "fix", id, body={**ORDER, "notes": 1.5})
    office.refused(ErrorCode.NOT_FOR_THIS, "fix", id, body=ORDER)


def test_the_office_and_a_rep_correct_a_document_at_once_and_the_erp_gets_one(office: OfficeFixture) -> None:
    office.publish_master_data()
    id = office.park()
    copy = submission("01KB0000000000000000000009", {**ORDER, "notes": "the rep's"}, supersedes=id)
    outcomes: list[str] = []
    barrier = threading.Barrier(2)

    def office_corrects() -> None:
        barrier.wait()
        try:
            office.act("fix", id, body={**ORDER, "notes": "the office's"})
            outcomes.append("fixed")
        except ActionRefused as refused:
            outcomes.append(refused.code.code)

    def rep_corrects() -> None:
        barrier.wait()
        with office.inbox.sessions() as session, session.begin():
            grants.assign(session, "R1", "territory:NW", office.inbox.clock.now())
        with office.inbox.sessions() as session, session.begin():
            [result] = push(
                session, rep_id="R1", device_id="D1", submissions=[copy], now=office.inbox.clock.now()
            )
            outcomes.append(str(result["status"]))

    side_by_side(office_corrects, rep_corrects)
    assert sorted(outcomes) in (["fixed", "refused"], ["not_parked", "received"])
    office.inbox.forwarder().drain()
    assert sum(entry["event"] == "create" for entry in office.inbox.erp.executed) == 1
