"""Capture: checked at once, frozen for ever, stored with its receipts or not at all."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from sync_protocol.canonical import canonical, digest
from sync_protocol.conformance.http_server import problem
from sync_protocol.device.device import Device
from sync_protocol.device.errors import CaptureRefused, DeviceError, NotEnrolled, ReceiptRefused
from sync_protocol.device.store.receipts import ReceiptFile, read_receipt, receipt_from_bytes
from sync_protocol.submission import SubmissionSchema
from tests.unit.device.company import claim_body, order_body
from tests.unit.device.conftest import Opened

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 8


def photo(text: str = "") -> ReceiptFile:
    return receipt_from_bytes(JPEG + text.encode(), f"photo{text}.jpg")


def frozen(device: Device, id: str) -> bytes:
    return bytes(device.db.value("SELECT frozen FROM document WHERE id = ?", id))


def test_a_document_is_frozen_as_the_canonical_bytes_that_its_sha256_names(device: Device) -> None:
    body = order_body(notes="Grüße \U0001f600")
    saved = device.capture("order", body)
    stored = json.loads(frozen(device, saved.id))
    assert SubmissionSchema().validate(stored) == {}
    assert canonical(body) in frozen(device, saved.id)
    assert stored["sha256"] == hashlib.sha256(canonical(body)).hexdigest() == digest(stored["body"])
    assert (stored["captured_at"], stored["zone"]) == ("2026-11-23T09:00:00Z", "Europe/Berlin")


def test_changing_the_body_after_capture_changes_nothing_that_was_stored(device: Device) -> None:
    body = order_body()
    saved = device.capture("order", body)
    before = frozen(device, saved.id)
    body["lines"][0]["quantity"] = "9999"
    assert frozen(device, saved.id) == before
    assert device.documents()[0].body["lines"][0]["quantity"] == "3"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (order_body("C9"), "customer_id"),
        (order_body(quantity="0.5"), "lines[0].quantity"),
        (order_body(lines=[]), "lines"),
        (order_body(order_date="2031-01-01"), "order_date"),
        (order_body(extra=1.5), "extra"),
        (order_body(notes="x" * 600_000), ""),
    ],
)
def test_faults_are_shown_at_once_and_nothing_is_stored(
    device: Device, body: dict[str, Any], field: str
) -> None:
    with pytest.raises(CaptureRefused) as refused:
        device.capture("order", body)
    assert [fault.field for fault in refused.value.faults] == [field]
    assert device.documents() == []


def test_a_device_that_is_not_enrolled_captures_nothing(opened: Opened) -> None:
    with pytest.raises(NotEnrolled):
        opened().capture("order", order_body())


def test_the_business_day_is_that_of_the_rep(opened: Opened, device: Device, clock: Any) -> None:
    clock.advance(hours=15)
    assert clock.now().date().isoformat() == "2026-11-24"
    assert opened(zone="America/New_York").today().isoformat() == "2026-11-23"


def test_a_claim_is_stored_with_its_receipts_and_announces_them(device: Device) -> None:
    file = photo()
    saved = device.capture("expense_claim", claim_body(file.ref), receipts=[file])
    assert json.loads(frozen(device, saved.id))["needs"] == [file.ref]
    assert device.files.path(file.sha256).read_bytes() == file.data
    assert saved.missing == [file.ref]
    assert device.integrity_errors() == []


def test_a_claim_that_cites_a_receipt_which_is_not_here_is_refused(device: Device) -> None:
    with pytest.raises(CaptureRefused, match="not on this device"):
        device.capture("expense_claim", claim_body(photo().ref))


def test_a_refused_claim_leaves_no_receipt_behind(device: Device) -> None:
    with pytest.raises(CaptureRefused):
        device.capture("expense_claim", claim_body(photo().ref, amount="900.00"), receipts=[photo()])
    assert not device.files.path(photo().sha256).exists()
    assert device.db.value("SELECT count(*) FROM receipt") == 0


def test_the_same_photograph_in_two_claims_is_stored_once(device: Device) -> None:
    for _ in range(2):
        device.capture("expense_claim", claim_body(photo().ref), receipts=[photo()])
    assert device.db.value("SELECT count(*) FROM receipt") == 1


def test_a_file_that_is_no_receipt_is_refused_by_its_bytes(tmp_path: Path) -> None:
    script = tmp_path / "receipt.jpg"
    script.write_text("<html>")
    with pytest.raises(ReceiptRefused, match="not a JPEG"):
        read_receipt(script)
    with pytest.raises(ReceiptRefused, match="cannot be read"):
        read_receipt(tmp_path / "none.jpg")


def test_replacing_a_document_that_never_left_puts_it_aside(device: Device) -> None:
    first = device.capture("order", order_body())
    second = device.capture("order", order_body(quantity="4"), supersedes=first.id)
    assert [document.stage for document in device.documents()] == ["dismissed", "on_device"]
    assert json.loads(frozen(device, second.id))["supersedes"] is None
    assert [result["id"] for result in device.sync().results] == [second.id]


def test_replacing_a_document_on_the_server_names_it(device: Device) -> None:
    first = device.capture("order", order_body())
    device.sync()
    second = device.capture("order", order_body(quantity="4"), supersedes=first.id)
    assert json.loads(frozen(device, second.id))["supersedes"] == first.id


def test_a_document_that_is_on_its_way_into_the_erp_is_not_replaced(device: Device, server: Any) -> None:
    first = device.capture("order", order_body())
    device.sync()
    server.publish_state(first.id, state="sending")
    device.sync()
    with pytest.raises(CaptureRefused, match="ask the office"):
        device.capture("order", order_body(quantity="4"), supersedes=first.id)


def test_editing_an_edit_offline_replaces_what_the_server_has(device: Device, server: Any) -> None:
    first = device.capture("order", order_body())
    device.sync()
    newest = first
    for quantity in ("4", "5", "6"):
        newest = device.capture("order", order_body(quantity=quantity), supersedes=newest.id)
    assert json.loads(frozen(device, newest.id))["supersedes"] == first.id
    stages = [document.stage for document in device.documents()]
    assert stages == ["queued", "dismissed", "dismissed", "on_device"]
    assert [result["id"] for result in device.sync().results] == [newest.id]
    assert server.inbox[newest.id]["supersedes"] == first.id


def test_editing_an_edit_replaces_what_the_server_may_have(device: Device, server: Any) -> None:
    first = device.capture("order", order_body())
    server.once("/v1/sync", server.lose_reply)
    server.once("/v1/pull", lambda request: problem(503, "unavailable", retry_after=1))
    device.sync()
    assert (device.documents()[0].attempts, device.documents()[0].state) == (1, None)
    second = device.capture("order", order_body(quantity="4"), supersedes=first.id)
    third = device.capture("order", order_body(quantity="5"), supersedes=second.id)
    assert json.loads(frozen(device, third.id))["supersedes"] == first.id


def test_an_edit_is_not_edited_once_its_original_is_on_its_way_into_the_erp(
    device: Device,
) -> None:
    first = device.capture("order", order_body())
    device.sync()
    second = device.capture("order", order_body(quantity="4"), supersedes=first.id)
    # The feed says so before the edit has left.
    device.db.run("UPDATE document SET state = 'sending' WHERE id = ?", first.id)
    with pytest.raises(
        CaptureRefused,
        match=r"Order for Alpha Café, 1 line can no longer .* \(being sent to the ERP\)",
    ):
        device.capture("order", order_body(quantity="5"), supersedes=second.id)
    assert [document.stage for document in device.documents()] == ["sending", "on_device"]


def test_an_original_that_the_device_has_let_go_of_is_still_replaced(device: Device) -> None:
    first = device.capture("order", order_body())
    device.sync()
    second = device.capture("order", order_body(quantity="4"), supersedes=first.id)
    device.db.run("DELETE FROM document WHERE id = ?", first.id)
    device.db.run("DELETE FROM record WHERE collection = 'submissions'")
    third = device.capture("order", order_body(quantity="5"), supersedes=second.id)
    assert json.loads(frozen(device, third.id))["supersedes"] == first.id


def test_a_document_that_the_server_has_cannot_be_dismissed(device: Device) -> None:
    saved = device.capture("order", order_body())
    device.sync()
    with pytest.raises(DeviceError, match="ask the office"):
        device.dismiss(saved.id)


def test_damage_on_the_disk_is_noticed(device: Device) -> None:
    saved = device.capture("expense_claim", claim_body(photo().ref), receipts=[photo()])
    device.files.path(photo().sha256).write_bytes(b"bit rot")
    altered = frozen(device, saved.id).replace(b"Lunch", b"Munch")
    device.db.run("UPDATE document SET frozen = ? WHERE id = ?", altered, saved.id)
    assert len(device.integrity_errors()) == 2
