"""Taking back, editing and asking: a rep's second thoughts, against the real web application and its office."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from backend.cli.main import main
from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.erp.port import Connector, ConnectorMissing
from backend.feed.changes import publish
from backend.inbox.models import Submission
from backend.inbox.records import as_record
from backend.office.service import OfficeService
from backend.settings import read_settings
from sync_protocol.change import Put
from sync_protocol.device.capture.documents import DISMISSED, Document
from sync_protocol.device.device import Device
from sync_protocol.device.errors import CaptureRefused, DeviceError, NotFound
from tests.unit.device.company import order_body
from tests.unit.device.sync.test_real_server import line, real

__all__ = ["line", "real"]


def stand(sessions: Sessions, id: str, state: str, **values: object) -> None:
    """Let the document *id* stand as *state* on the server, and the feed say so."""
    with sessions() as session, session.begin():
        row = session.scalars(select(Submission).where(Submission.id == id)).one()
        for name, value in {"state": state, **values}.items():
            setattr(row, name, value)
        session.flush()
        publish(session, [Put("submissions", id, as_record(row))])


def decide(sessions: Sessions, clock: ManualClock, action: str, id: str, why: str) -> None:
    """Let the office carry out *action*; the ERP must not be asked."""

    def connect() -> Connector:
        raise ConnectorMissing("the ERP is asked")

    OfficeService(sessions, clock, read_settings({}), connect).perform(action, id, by="anna", why=why)


def synced_document(device: Device, id: str) -> Document:
    assert device.sync().problem is None
    [synced] = [document for document in device.documents() if document.id == id]
    return synced


def captured(device: Device) -> str:
    device.sync()
    id = device.capture("order", order_body()).id
    device.sync()
    return id


def test_withdrawing_a_document_that_was_never_sent_sends_nothing(real: Device) -> None:
    real.sync()
    id = real.capture("order", order_body()).id
    assert real.withdraw(id).stage == DISMISSED
    assert [document.stage for document in real.documents()] == [DISMISSED]
    assert synced_document(real, id).attempts == 0


def test_a_document_on_the_server_is_withdrawn(real: Device) -> None:
    id = captured(real)
    made = real.withdraw(id, "the customer called")
    assert made.kind == "withdrawal"
    assert synced_document(real, id).state_label == "withdrawn: the customer called"
    assert synced_document(real, made.id).state_label == "done"
    with pytest.raises(DeviceError, match="withdrawn already"):
        real.withdraw(id)
    with pytest.raises(NotFound):
        real.withdraw("01KB0000000000000000000009")


def test_the_server_refuses_a_withdrawal_that_comes_too_late(real: Device, sessions: Sessions) -> None:
    id = captured(real)
    stand(sessions, id, "sending")
    made = real.withdraw(id)
    refused = synced_document(real, made.id)
    assert [error["code"] for error in refused.errors] == ["too_late"]
    assert refused.needs_rep
    with pytest.raises(CaptureRefused) as raised:
        real.withdraw(id)
    assert raised.value.faults[0].message == (
        "Order for Alpha Café, 1 line can no longer be changed here (being sent to the ERP); "
        "ask the office to change it"
    )


def test_an_edited_copy_takes_the_place(real: Device) -> None:
    id = captured(real)
    kind, body = real.editable_body(id)
    copy = real.capture(kind, {**body, "notes": "ring twice"}, supersedes=id)
    assert synced_document(real, id).state_label == "replaced by a newer one"
    assert synced_document(real, copy.id).state == "queued"


def test_what_the_erp_has_is_asked_about_and_the_office_answers(
    real: Device, sessions: Sessions, clock: ManualClock
) -> None:
    id = captured(real)
    with pytest.raises(DeviceError, match="withdraw it, or amend it"):
        real.request_change(id, "cancel", "gone")
    stand(sessions, id, "accepted", erp_number="SO7", erp_id="7")
    synced_document(real, id)
    made = real.request_change(id, "cancel", "the customer is gone")
    assert synced_document(real, made.id).state_label.startswith(
        "waiting for the office: The rep asks to cancel Order for Alpha Café"
    )
    decide(sessions, clock, "done", made.id, "SO7 is cancelled")
    assert (
        synced_document(real, made.id).state_label
        == "done by the office: The office has done it: SO7 is cancelled"
    )


def test_the_office_sends_it_back_and_the_rep_corrects_it(
    real: Device, sessions: Sessions, clock: ManualClock
) -> None:
    id = captured(real)
    stand(sessions, id, "parked", owner="office", reason="over the limit")
    assert synced_document(real, id).state_label == "waiting for the office: over the limit"
    decide(sessions, clock, "return", id, "order half of it")
    returned = synced_document(real, id)
    assert returned.needs_rep
    assert returned.state_label == (
        "sent back by the office; correct it and capture it again: "
        "The office has sent it back: order half of it"
    )
    kind, body = real.editable_body(id)
    body["lines"][0]["quantity"] = "1"
    copy = real.capture(kind, body, supersedes=id)
    assert synced_document(real, copy.id).state == "queued"
    assert synced_document(real, id).stage == "superseded"


def test_a_document_is_edited_and_withdrawn_at_a_terminal(
    real: Device, tmp_path: Path, sessions: Sessions
) -> None:
    id = captured(real)
    edited = tmp_path / "body.json"
    edited.write_text(json.dumps({**order_body(), "notes": "ring twice"}))

    def run(*words: str) -> str:
        done = CliRunner().invoke(main, ["device", "--folder", str(tmp_path / "device"), *words])
        return done.output

    assert "there is no document" in run("withdraw", "01KB0000000000000000000009")
    assert "has not been sent to the ERP" in run("request-cancel", id, "--message", "gone")
    assert "Order for Alpha Café" in run("amend", id, "--file", str(edited))
    real.sync()
    [copy] = [document.id for document in real.documents() if document.id != id]
    assert "Withdrawal of Order for Alpha Café" in run("withdraw", copy, "--reason", "no")
    assert synced_document(real, copy).stage == "withdrawn"
    stand(sessions, copy, "accepted", erp_number="SO1")
    synced_document(real, copy)
    assert "Request to change Order for Alpha Café" in run("request-change", copy, "--message", "more of it")
    assert "nothing was saved" in run("withdraw", copy)
