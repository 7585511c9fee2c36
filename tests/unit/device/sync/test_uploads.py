"""Receipts: sent in pieces, from where they stood, never doubled, never to anybody else."""

from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from sync_protocol.conformance.http_server import Reply, Request, problem
from sync_protocol.conformance.scripted_server import ISSUER
from sync_protocol.device.device import Device
from sync_protocol.device.errors import Offline
from sync_protocol.device.store.receipts import ReceiptFile
from sync_protocol.device.sync import uploads
from sync_protocol.limits import Limits
from tests.unit.device.capture.test_capture import photo
from tests.unit.device.company import claim_body
from tests.unit.device.feed_server import FeedServer


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "LIMITS", Limits(receipt_chunk_bytes=500))
    monkeypatch.setattr(uploads, "MIN_CHUNK", 50)


def claimed(device: Device, file: ReceiptFile) -> str:
    return device.capture("expense_claim", claim_body(file.ref), receipts=[file]).id


def test_documents_go_first_then_receipts_then_what_they_changed(device: Device, server: FeedServer) -> None:
    id = claimed(device, photo())
    server.received.clear()
    report = device.sync()
    assert report.receipts == 1 and report.complete
    assert server.receipts.stored == {photo().sha256: photo().data}
    assert server.request_lines()[0] == "POST /v1/sync" and server.request_lines()[1] == "POST /v1/receipts"
    assert server.request_lines()[-1] == "GET /v1/pull"
    assert device.documents()[0].stage == "queued" and device.documents()[0].missing == []
    assert server.inbox[id]["missing"] == []


def test_an_upload_that_broke_continues_from_where_it_stood(device: Device, server: FeedServer) -> None:
    claimed(device, photo())

    def third_piece(request: Request) -> Reply | None:
        if request.method == "PATCH" and len(server.receipts.pieces) == 2:
            return Reply(0, lost=True)
        return None

    server.override = third_piece
    assert isinstance(device.sync().problem, Offline)
    server.override = None
    arrived = sum(server.receipts.pieces)
    server.received.clear()
    assert device.sync().receipts == 1
    offsets = [request.headers["upload-offset"] for request in server.requests("/v1/receipts/", "PATCH")]
    assert offsets[0] == str(arrived) != "0"
    assert sum(server.receipts.pieces) == len(photo().data), "no byte was sent twice"


def test_a_piece_whose_reply_was_lost_is_not_sent_twice(device: Device, server: FeedServer) -> None:
    claimed(device, photo())

    server.once("/v1/receipts/", server.lose_reply, method="PATCH")
    device.sync()
    assert device.sync().receipts == 1
    assert sum(server.receipts.pieces) == len(photo().data)


def test_an_upload_with_another_offset_continues_at_the_servers_offset(
    device: Device, server: FeedServer
) -> None:
    claimed(device, photo())

    def other_offset(request: Request) -> Reply | None:
        if request.method != "PATCH" or server.receipts.pieces:
            return None
        server.answer(request)  # somebody (an earlier try) was faster
        return None

    server.override = other_offset
    assert device.sync().receipts == 1
    assert server.receipts.stored[photo().sha256] == photo().data


def test_an_upload_that_the_server_forgot_begins_again(device: Device, server: FeedServer) -> None:
    claimed(device, photo())
    server.override = lambda request: (
        problem(503, "unavailable") if request.method == "PATCH" and server.receipts.pieces else None
    )
    device.sync()
    server.override = None
    server.receipts.uploads.clear()
    assert device.sync().receipts == 1


def test_a_receipt_that_the_server_has_is_not_sent(device: Device, server: FeedServer) -> None:
    server.receipts.stored[photo().sha256] = photo().data
    claimed(device, photo())
    device.sync()
    assert server.receipts.pieces == []
    assert device.documents()[0].missing == []


def test_pieces_get_smaller_where_they_are_too_large(device: Device, server: FeedServer) -> None:
    server.receipts.max_piece_bytes = 130
    claimed(device, photo())
    assert device.sync().receipts == 1
    assert max(server.receipts.pieces) <= 130


def test_a_refused_receipt_is_reported_and_the_next_one_is_sent(device: Device, server: FeedServer) -> None:
    claimed(device, photo("1"))
    claimed(device, photo("2"))
    server.once("/v1/receipts", lambda request: problem(415, "receipt_type"))
    report = device.sync()
    assert (report.receipts, len(report.notes)) == (1, 1)
    server.received.clear()
    device.sync()
    assert server.request_lines() == ["GET /v1/pull"], "it is not tried for ever"


def test_a_quota_that_is_used_up_does_not_stop_the_verification(device: Device, server: FeedServer) -> None:
    claimed(device, photo("1"))
    server.once("/v1/receipts", lambda request: problem(429, "quota_exceeded", retry_after=3600))
    report = device.sync()
    assert report.problem is not None and report.receipts == 0
    assert report.complete and report.verified
    assert device.sync().receipts == 1


def test_a_receipt_that_fails_for_a_moment_is_tried_again(device: Device, server: FeedServer) -> None:
    claimed(device, photo("1"))
    claimed(device, photo("2"))
    server.once("/v1/receipts", lambda request: problem(500, "internal"))
    assert device.sync().receipts == 1
    assert device.sync().receipts == 1


def test_bytes_that_were_damaged_on_the_way_are_sent_again_from_the_start(
    device: Device, server: FeedServer
) -> None:
    claimed(device, photo())

    def damage(request: Request) -> Reply:
        return server.answer(replace(request, body=bytes(len(request.body))))

    server.once("/v1/receipts/", damage, method="PATCH")
    device.sync()
    assert server.receipts.stored == {}
    assert device.sync().receipts == 1
    assert server.receipts.stored[photo().sha256] == photo().data


def test_a_receipt_that_is_damaged_on_this_device_is_reported_and_not_sent(
    device: Device, server: FeedServer
) -> None:
    claimed(device, photo())
    device.files.path(photo().sha256).write_bytes(b"bit rot")
    report = device.sync()
    assert "damaged" in report.notes[0]
    assert server.receipts.pieces == []


def test_a_receipt_that_the_server_reports_missing_is_sent_again(device: Device, server: FeedServer) -> None:
    id = claimed(device, photo())
    device.sync()
    server.receipts.stored.clear()
    server.receipts.uploads.clear()
    server.publish_state(id, missing=[photo().ref], state="received")
    assert device.sync().receipts == 1
    assert server.inbox[id]["missing"] == []


def test_the_token_goes_to_our_server_alone(device: Device, server: FeedServer) -> None:
    """The scripted server's Location names a host of its own, as a proxy would have it."""
    hosts: set[str] = set()
    claimed(device, photo())
    server.override = lambda request: hosts.add(request.headers["host"])
    device.sync()
    assert hosts == {urlsplit(ISSUER).hostname}


def test_receipts_leave_with_the_last_document_that_cites_them(device: Device, server: FeedServer) -> None:
    first, second = claimed(device, photo()), claimed(device, photo())
    device.sync()
    for id, day in ((first, "2026-12-24"), (second, "2026-12-31")):
        server.publish_state(id, state="accepted")
        device.sync()
        assert device.files.path(photo().sha256).exists()
        server.feed.server_time = f"{day}T10:00:00Z"
    server.feed.put("everyone", "units", "pc", {"id": "pc"})
    device.sync()
    assert device.files.path(photo().sha256).exists() == bool(device.documents())
