"""Revocation: the data goes, and never the only copy of a document."""

import json
import zipfile
from pathlib import Path

import pytest

from sync_protocol.device.device import Device
from sync_protocol.device.errors import EnrolAgain, NotEnrolled, Revoked
from sync_protocol.device.failpoint import FailpointRaised
from tests.unit.device.company import claim_body, order_body
from tests.unit.device.conftest import Opened
from tests.unit.device.fake_server import FakeServer, problem
from tests.unit.device.test_capture import photo


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_revocation_deletes_replica_keys_and_tokens(device: Device, server: FakeServer, folder: Path) -> None:
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


def test_documents_that_had_not_arrived_are_exported_first(device: Device, server: FakeServer) -> None:
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
    device: Device, server: FakeServer
) -> None:
    device.capture("expense_claim", claim_body(photo().ref), receipts=[photo()])
    server.always = lambda request: problem(503, "unavailable") if "receipts" in request.url.path else None
    device.sync()
    server.always = None
    server.revoked = True
    with pytest.raises(Revoked) as revoked:
        device.sync()
    assert revoked.value.export is not None
    with zipfile.ZipFile(revoked.value.export) as archive:
        assert json.loads(archive.read("documents.json")) == []
        assert archive.read(f"receipts/{photo().sha256}") == photo().data


def test_revocation_is_obeyed_on_every_way(device: Device, server: FakeServer) -> None:
    device.capture("order", order_body())
    server.revoked = True
    server.expire_access()
    with pytest.raises(Revoked):
        device.sync()
    assert server.seen[-1] in ("POST /v1/sync", "POST /v1/token")


def test_a_wipe_that_was_interrupted_is_done_again_and_keeps_the_export(
    device: Device, opened: Opened, server: FakeServer, monkeypatch: pytest.MonkeyPatch
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


def test_an_end_without_a_wipe_order_deletes_nothing(device: Device, server: FakeServer) -> None:
    server.always = lambda request: problem(401, "device_revoked")
    with pytest.raises(EnrolAgain):
        device.sync()
    assert device.records("customers") and device.identity is not None
