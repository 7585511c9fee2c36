"""`satchel parked …`: the office at a terminal, with the flat-file connector behind it."""

import json
from pathlib import Path
from typing import Any

import pytest

from backend.clock import SystemClock
from backend.database.core import Sessions
from backend.office.actions import ACTIONS
from backend.settings import read_settings
from sync_protocol.change import Put
from tests.unit.cli.conftest import Satchel
from tests.unit.delivery.inbox_fixture import ORDER, InboxFixture
from tests.unit.delivery.recording_erp import RecordingErp
from tests.unit.sync.company import customer, product, unit


@pytest.fixture
def inbox(installed: Sessions, tmp_path: Path) -> InboxFixture:
    """An inbox on the operator's database, and records that an order cites."""
    inbox = InboxFixture(installed, SystemClock(), read_settings({}), RecordingErp(tmp_path / "erp"))
    puts: list[Put] = [unit("pc"), product("P1", units=("pc",)), customer("C1", "NW")]
    for put in puts:
        inbox.publish(put.collection, dict(put.record))
    return inbox


def park(inbox: InboxFixture, **options: Any) -> str:
    inbox.erp.script("create", "refuse_office", "ok")
    id = inbox.capture(**{"body": {**ORDER, "order_date": f"{SystemClock().now():%Y-%m-%d}"}, **options})
    inbox.forwarder().drain()
    return id


def test_the_list_says_that_nothing_is_parked(satchel: Satchel) -> None:
    assert satchel("parked", "list").output == "Nothing is parked.\n"
    assert json.loads(satchel("parked", "list", "--json").output) == []


def test_the_list_has_owner_reason_and_advice(inbox: InboxFixture, satchel: Satchel) -> None:
    id = park(inbox)
    listed = satchel("parked", "list").output
    for text in (
        id,
        "office",
        "reject_office",
        "the customer is over the credit limit",
        "Correct in the ERP",
    ):
        assert text in listed
    [document] = json.loads(satchel("parked", "list", "--json").output)
    assert (document["id"], document["error_class"], document["owner"]) == (id, "reject_office", "office")
    assert json.loads(satchel("parked", "list", "--json", "--owner", "it").output) == []
    assert json.loads(satchel("parked", "list", "--json", "--class", "config").output) == []
    assert "`satchel parked list`" in satchel("doctor").output


def test_a_reservation_and_an_action_are_audited(inbox: InboxFixture, satchel: Satchel) -> None:
    id = park(inbox)
    assert "reserved by" in satchel("parked", "reserve", id, "--as", "anna").output
    refused = satchel("parked", "retry", id, "--as", "bert")
    assert refused.exit_code == 1 and "anna has reserved document" in refused.output
    assert satchel("parked", "retry", id, "--as", "bert", "--force", "--why", "agreed").exit_code == 0
    shown = satchel("parked", "show", id).output
    assert "queued" in shown and "user:bert parked.retry" in shown and "'overruled': 'anna'" in shown
    trail = json.loads(satchel("parked", "show", id, "--json").output)["audit"]
    assert [entry["action"] for entry in trail] == ["parked.reserve", "parked.retry"]


def test_fix_reads_the_corrected_body_from_a_file(
    inbox: InboxFixture, satchel: Satchel, tmp_path: Path
) -> None:
    id = park(inbox)
    body = json.loads(satchel("parked", "show", id, "--json").output)["body"]
    corrected = tmp_path / "body.json"
    corrected.write_text(json.dumps({**body, "lines": []}))
    refused = satchel("parked", "fix", id, "--file", str(corrected))
    assert refused.exit_code == 2 and "lines: " in refused.output
    corrected.write_text(json.dumps({**body, "notes": "by telephone"}))
    made = json.loads(satchel("parked", "fix", id, "--file", str(corrected), "--json").output)
    assert inbox.record(id)["superseded_by"] == made["id"]
    assert (made["state"], made["body"]["notes"]) == ("queued", "by telephone")


def test_every_action_is_a_command_that_says_what_it_does(satchel: Satchel) -> None:
    listed = satchel("parked", "--help").output
    for name, action in ACTIONS.items():
        assert f"  {name} " in listed
        shown = " ".join(satchel("parked", name, "--help").output.split())
        assert action.summary in shown
        assert ("--why TEXT The reason. The rep reads it. [required]" in shown) == action.needs_reason
        assert ("--file" in shown) == ("body" in action.arguments)
        assert (f"{name} [OPTIONS] ID NUMBER" in shown) == ("number" in action.arguments)


def test_cancel_and_return_need_a_reason(inbox: InboxFixture, satchel: Satchel) -> None:
    first, second = park(inbox), park(inbox)
    assert satchel("parked", "cancel", first).exit_code == 2
    assert satchel("parked", "cancel", first, "--why", "twice").exit_code == 0
    assert satchel("parked", "return", second, "--why", "which customer?").exit_code == 0
    assert inbox.states(first, second) == ["cancelled", "rejected"]
    second_result = satchel("parked", "return", first, "--why", "no")
    assert (
        second_result.exit_code == 1
        and "not parked but cancelled (cancelled by the office)" in second_result.output
    )


def test_release_done_and_an_unknown_document_are_answered(inbox: InboxFixture, satchel: Satchel) -> None:
    id = park(inbox)
    assert satchel("parked", "reserve", id, "--as", "anna").exit_code == 0
    assert satchel("parked", "release", id, "--as", "anna").exit_code == 0
    assert inbox.row(id).reserved_by is None
    assert "only change requests can be done" in satchel("parked", "done", id).output
    assert "there is no document X" in satchel("parked", "show", "X").output


def test_linking_fails_without_an_erp(inbox: InboxFixture, satchel: Satchel, tmp_path: Path) -> None:
    id = park(inbox)
    refused = satchel("parked", "link", id, "SO1")
    assert refused.exit_code == 1 and "SATCHEL_ERP_FOLDER is not set" in refused.output
    refused = satchel("parked", "link", id, "SO1", SATCHEL_ERP_FOLDER=str(tmp_path / "shared"))
    assert refused.exit_code == 1 and "the ERP must be asked first" in refused.output
    assert inbox.row(id).state == "parked"
