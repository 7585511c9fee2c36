"""Receipts: sent in pieces, from where they stood, never doubled, never to anybody else."""

import httpx
import pytest

from sync_protocol.device import uploads
from sync_protocol.device.device import Device
from sync_protocol.device.errors import Offline
from sync_protocol.device.receipts import ReceiptFile
from sync_protocol.limits import Limits
from tests.unit.device.company import claim_body
from tests.unit.device.fake_server import FakeServer, problem
from tests.unit.device.test_capture import photo


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "LIMITS", Limits(receipt_chunk_bytes=500))
    monkeypatch.setattr(uploads, "LEAST_CHUNK", 50)


def claimed(device: Device, file: ReceiptFile) -> str:
    return device.capture("expense_claim", claim_body(file.ref), receipts=[file]).id


def test_documents_go_first_then_receipts_then_what_they_changed(device: Device, server: FakeServer) -> None:
    id = claimed(device, photo())
    server.seen.clear()
    report = device.sync()
    assert report.receipts == 1 and report.complete
    assert server.receipts.stored == {photo().sha256: photo().data}
    assert server.seen[0] == "POST /v1/sync" and server.seen[1] == "POST /v1/receipts"
    assert server.seen[-1] == "GET /v1/pull"
    assert device.documents()[0].stage == "queued" and device.documents()[0].missing == []
    assert server.inbox[id]["missing"] == []


def test_an_upload_that_broke_goes_on_from_where_it_stood(device: Device, server: FakeServer) -> None:
    claimed(device, photo())

    def third_piece(request: httpx.Request) -> httpx.Response | None:
        if request.method == "PATCH" and len(server.receipts.pieces) == 2:
            raise httpx.ReadError("connection reset", request=request)
        return None

    server.always = third_piece
    assert isinstance(device.sync().problem, Offline)
    server.always = None
    assert device.sync().receipts == 1
    assert sum(server.receipts.pieces) == len(photo().data), "no byte was sent twice"


def test_a_piece_whose_reply_was_lost_is_not_sent_twice(device: Device, server: FakeServer) -> None:
    claimed(device, photo())

    def lose(request: httpx.Request) -> httpx.Response | None:
        if request.method != "PATCH" or server.receipts.pieces:
            return None
        server.always = None
        server.answer(request, request.content)
        raise httpx.ReadError("connection reset", request=request)

    server.always = lose
    device.sync()
    assert device.sync().receipts == 1
    assert sum(server.receipts.pieces) == len(photo().data)


def test_an_upload_that_stands_elsewhere_is_asked_and_goes_on(device: Device, server: FakeServer) -> None:
    claimed(device, photo())

    def other_offset(request: httpx.Request) -> httpx.Response | None:
        if request.method != "PATCH" or server.receipts.pieces:
            return None
        server.answer(request, request.content)  # somebody (an earlier try) was faster
        return None

    server.always = other_offset
    assert device.sync().receipts == 1
    assert server.receipts.stored[photo().sha256] == photo().data


def test_an_upload_that_the_server_forgot_begins_again(device: Device, server: FakeServer) -> None:
    claimed(device, photo())
    server.always = lambda request: (
        problem(503, "unavailable") if request.method == "PATCH" and server.receipts.pieces else None
    )
    device.sync()
    server.always = None
    server.receipts.under_way.clear()
    assert device.sync().receipts == 1


def test_a_receipt_that_the_server_has_is_not_sent(device: Device, server: FakeServer) -> None:
    server.receipts.stored[photo().sha256] = photo().data
    claimed(device, photo())
    device.sync()
    assert server.receipts.pieces == []
    assert device.documents()[0].missing == []


def test_pieces_get_smaller_where_they_are_too_large(device: Device, server: FakeServer) -> None:
    server.receipts.piece_limit = 130
    claimed(device, photo())
    assert device.sync().receipts == 1
    assert max(server.receipts.pieces) <= 130


def test_a_refused_receipt_is_told_and_the_next_one_goes(device: Device, server: FakeServer) -> None:
    claimed(device, photo("1"))
    claimed(device, photo("2"))
    server.next("/v1/receipts", lambda: problem(415, "receipt_type"))
    report = device.sync()
    assert (report.receipts, len(report.notes)) == (1, 1)
    server.seen.clear()
    device.sync()
    assert server.seen == ["GET /v1/pull"], "it is not tried for ever"


def test_a_receipt_that_fails_for_a_moment_is_tried_again(device: Device, server: FakeServer) -> None:
    claimed(device, photo("1"))
    claimed(device, photo("2"))
    server.next("/v1/receipts", lambda: problem(500, "internal"))
    assert device.sync().receipts == 1
    assert device.sync().receipts == 1


def test_bytes_that_were_damaged_on_the_way_are_sent_again_from_the_start(
    device: Device, server: FakeServer
) -> None:
    claimed(device, photo())

    def damage(request: httpx.Request) -> httpx.Response | None:
        if request.method != "PATCH" or server.receipts.pieces:
            return None
        server.always = None
        return server.receipts.answer(request, b"\0" * len(request.content), server.arrived)

    server.always = damage
    device.sync()
    assert server.receipts.stored == {}
    assert device.sync().receipts == 1
    assert server.receipts.stored[photo().sha256] == photo().data


def test_a_receipt_that_is_damaged_on_this_device_is_told_and_not_sent(
    device: Device, server: FakeServer
) -> None:
    claimed(device, photo())
    device.files.path(photo().sha256).write_bytes(b"bit rot")
    report = device.sync()
    assert "damaged" in report.notes[0]
    assert server.receipts.pieces == []


def test_a_receipt_that_the_server_reports_missing_is_sent_again(device: Device, server: FakeServer) -> None:
    id = claimed(device, photo())
    device.sync()
    server.receipts.stored.clear()
    server.receipts.under_way.clear()
    server.say(id, missing=[photo().ref], state="received")
    assert device.sync().receipts == 1
    assert server.inbox[id]["missing"] == []


def test_the_token_goes_to_our_server_alone(device: Device, server: FakeServer) -> None:
    """The fake server's Location names a host of its own, as a proxy would have it."""
    hosts: set[str] = set()
    claimed(device, photo())
    server.always = lambda request: hosts.add(request.url.host)  # type: ignore[func-returns-value]
    device.sync()
    assert hosts == {"satchel.test"}


def test_receipts_leave_with_the_last_document_that_cites_them(device: Device, server: FakeServer) -> None:
    first, second = claimed(device, photo()), claimed(device, photo())
    device.sync()
    for id, day in ((first, "2026-12-24"), (second, "2026-12-31")):
        server.say(id, state="accepted")
        device.sync()
        assert device.files.path(photo().sha256).exists()
        server.feed.server_time = f"{day}T10:00:00Z"
    server.feed.put("everyone", "units", "pc", {"id": "pc"})
    device.sync()
    assert device.files.path(photo().sha256).exists() == bool(device.documents())
