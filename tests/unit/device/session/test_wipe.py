"""Revocation: the data goes, and never the only copy of a document."""

import json
import zipfile
from pathlib import Path

import pytest

from sync_protocol.conformance.http_server import Reply, problem
from sync_protocol.conformance.token_issuer import WIPE_ORDER
from sync_protocol.device.device import Device
from sync_protocol.device.errors import EnrolAgain, NotEnrolled, Revoked
from sync_protocol.device.failpoint import FailpointRaised
from sync_protocol.device.session import wipe_confirmation
from tests.unit.device.capture.test_capture import photo
from tests.unit.device.company import claim_body, order_body
from tests.unit.device.conftest import Opened
from tests.unit.device.feed_server import FeedServer


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_revocation_deletes_replica_keys_and_tokens(device: Device, server: FeedServer, folder: Path) -> None:
    device.capture("order", order_body())
    device.sync()
    server.revoked = True
    with pytest.raises(Revoked) as revoked:
        device.sync()
    assert revoked.value.export is None, "the server had everything"
    assert device.status().counts == {} and device.documents() == [] and device.identity is None
    assert list(folder.glob("key-*")) == []
    left = everything_in(folder)
    for secret in (b"Alpha Caf", b"refresh-", b"access-", b"PRIVATE KEY"):
        assert secret not in left
    with pytest.raises(NotEnrolled):
        device.sync()


def test_documents_that_had_not_arrived_are_exported_first(device: Device, server: FeedServer) -> None:
    device.capture("order", order_body())
    device.sync()
    unsent = device.capture("expense_claim", claim_body(photo().ref), receipts=[photo()])
    frozen = bytes(device.db.value("SELECT frozen FROM document WHERE id = ?", unsent.id))
    server.revoked = True
    with pytest.raises(Revoked) as revoked:
        device.sync()
    assert revoked.value.export is not None and str(revoked.value.export) in str(revoked.value)
    with zipfile.ZipFile(revoked.value.export) as archive:
        assert archive.testzip() is None
        text = archive.read("documents.json")
        assert [document["id"] for document in json.loads(text)] == [unsent.id]
        assert frozen in text
        assert archive.read(f"receipts/{photo().sha256}") == photo().data
    assert not device.files.path(photo().sha256).exists()


def test_receipts_that_had_not_arrived_are_exported_though_their_document_had(
    device: Device, server: FeedServer
) -> None:
    device.capture("expense_claim", claim_body(photo().ref), receipts=[photo()])
    server.override = lambda request: problem(503, "unavailable") if "receipts" in request.path else None
    device.sync()
    server.override = None
    server.revoked = True
    with pytest.raises(Revoked) as revoked:
        device.sync()
    assert revoked.value.export is not None
    with zipfile.ZipFile(revoked.value.export) as archive:
        assert json.loads(archive.read("documents.json")) == []
        assert archive.read(f"receipts/{photo().sha256}") == photo().data


def test_a_revocation_is_obeyed_whichever_request_meets_it_first(device: Device, server: FeedServer) -> None:
    device.capture("order", order_body())
    server.revoked = True
    server.expire()
    with pytest.raises(Revoked):
        device.sync()
    assert server.request_lines()[-2] in ("POST /v1/sync", "POST /v1/token")


def test_a_wipe_that_was_interrupted_is_done_again_and_keeps_the_export(
    device: Device, opened: Opened, server: FeedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    unsent = device.capture("order", order_body())
    server.revoked = True
    monkeypatch.setenv("SATCHEL_DEVICE_FAILPOINTS", "wipe.after_export=raise")
    with pytest.raises(FailpointRaised):
        device.sync()
    monkeypatch.delenv("SATCHEL_DEVICE_FAILPOINTS")
    assert len(opened().documents()) == 1
    with pytest.raises(Revoked) as revoked:
        opened().sync()
    assert revoked.value.export is not None
    with zipfile.ZipFile(revoked.value.export) as archive:
        assert unsent.id.encode() in archive.read("documents.json")


def test_a_revocation_without_wipe_deletes_nothing(device: Device, server: FeedServer) -> None:
    server.override = lambda request: problem(401, "device_revoked")
    with pytest.raises(EnrolAgain):
        device.sync()
    assert device.records("customers") and device.identity is not None


def wiped_requests(server: FeedServer) -> list[str]:
    return [line for line in server.request_lines() if line == "POST /v1/wiped"]


def test_a_wipe_is_confirmed_with_the_order_and_what_was_exported(device: Device, server: FeedServer) -> None:
    device.capture("order", order_body())
    server.revoked = True
    with pytest.raises(Revoked):
        device.sync()
    (confirmation,) = server.requests("/v1/wiped")
    assert confirmation.value == {"wipe_order": WIPE_ORDER, "exported": 1}
    assert "authorization" not in confirmation.headers
    assert not (device.folder / wipe_confirmation.NAME).exists()


@pytest.mark.parametrize(
    "lost", [Reply(0, lost=True), problem(503, "unavailable"), problem(429, "rate_limited")]
)
def test_a_confirmation_that_did_not_arrive_is_sent_until_it_does(
    device: Device, opened: Opened, server: FeedServer, lost: Reply
) -> None:
    server.revoked = True
    server.override = lambda request: lost if request.path == "/v1/wiped" else None
    with pytest.raises(Revoked):
        device.sync()
    server.override = None
    for _ in range(3):
        with pytest.raises(NotEnrolled):
            opened().sync()
    assert len(wiped_requests(server)) == 2


def test_a_confirmation_that_is_refused_is_forgotten(device: Device, server: FeedServer) -> None:
    server.revoked = True
    server.override = lambda r: problem(400, "wipe_order_invalid") if r.path == "/v1/wiped" else None
    with pytest.raises(Revoked):
        device.sync()
    with pytest.raises(NotEnrolled):
        device.sync()
    assert len(wiped_requests(server)) == 1


def test_a_wipe_killed_before_its_rows_are_deleted_confirms_nothing(
    device: Device, opened: Opened, server: FeedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    device.capture("order", order_body())
    server.revoked = True
    monkeypatch.setenv("SATCHEL_DEVICE_FAILPOINTS", "wipe.before_rows=raise")
    with pytest.raises(FailpointRaised):
        device.sync()
    monkeypatch.delenv("SATCHEL_DEVICE_FAILPOINTS")
    again = opened()
    assert wiped_requests(server) == []
    with pytest.raises(Revoked):
        again.sync()
    assert len(wiped_requests(server)) == 1


def test_a_wipe_killed_after_its_rows_are_deleted_is_finished_at_the_next_start(
    device: Device, opened: Opened, server: FeedServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device.sync()
    server.revoked = True
    monkeypatch.setenv("SATCHEL_DEVICE_FAILPOINTS", "wipe.after_rows=raise")
    with pytest.raises(FailpointRaised):
        device.sync()
    monkeypatch.delenv("SATCHEL_DEVICE_FAILPOINTS")
    assert list(folder.glob("key-*")) != []
    again = opened()
    assert list(folder.glob("key-*")) == []
    left = everything_in(folder)
    for secret in (b"Alpha Caf", b"refresh-", b"access-", b"PRIVATE KEY"):
        assert secret not in left
    with pytest.raises(NotEnrolled):
        again.sync()
    assert len(wiped_requests(server)) == 1
