"""Batches: within the limits, halved where refused, and one bad document blocks nobody."""

import gzip
import json
from typing import Any

import httpx

from sync_protocol.device.device import Device
from sync_protocol.device.store.outbox import DueDocument
from sync_protocol.device.sync.push import ALONE_AFTER, batches
from sync_protocol.limits import LIMITS
from tests.unit.device.company import order_body
from tests.unit.device.fake_server import FakeServer, problem
from tests.unit.device.test_push import captured, stages


def too_large(limit: int) -> Any:
    def trick(request: httpx.Request) -> httpx.Response | None:
        if request.url.path not in ("/v1/sync", "/v1/push"):
            return None
        if len(plain(request)) <= limit:
            return None
        # A proxy says so in its own words.
        return httpx.Response(413, headers={"Content-Type": "text/html"}, content=b"<h1>Too large</h1>")

    return trick


def test_a_batch_that_is_too_large_is_halved(device: Device, server: FakeServer) -> None:
    ids = captured(device, 9)
    server.always = too_large(2500)
    assert device.sync().complete
    assert set(server.inbox) == set(ids)
    assert set(stages(device)) == {"queued"}


def test_one_document_that_is_too_large_is_marked_and_the_others_go(device: Device, server: FakeServer) -> None:
    small = captured(device, 2)
    huge = device.capture("order", order_body(notes="x" * 1900)).id
    small += captured(device, 1)
    server.always = too_large(1500)
    report = device.sync()
    assert report.complete and len(report.notes) == 1
    assert set(server.inbox) == set(small)
    assert {document.id: document.stage for document in device.documents()}[huge] == "too_large"
    server.seen.clear()
    device.sync()
    assert server.seen == ["GET /v1/pull"]


def test_a_document_that_the_server_falls_over_blocks_neither_others_nor_the_pull(
    device: Device, server: FakeServer
) -> None:
    ids = captured(device, 5)
    poison = ids[1]

    def fall_over(request: httpx.Request) -> httpx.Response | None:
        return problem(500, "internal") if poison.encode() in plain(request) else None

    server.always = fall_over
    for _ in range(ALONE_AFTER + 1):
        report = device.sync()
        assert report.complete, "the pull goes on"
    assert set(server.inbox) == set(ids) - {poison}
    newer = captured(device, 1)
    device.sync()
    assert newer[0] in server.inbox
    server.always = None
    device.sync()
    assert poison in server.inbox


def plain(request: httpx.Request) -> bytes:
    body = request.content
    return gzip.decompress(body) if request.headers.get("content-encoding") == "gzip" else body


def test_a_server_that_is_ill_is_not_asked_once_for_each_document(device: Device, server: FakeServer) -> None:
    captured(device, 20)
    server.always = lambda request: problem(500, "internal") if request.method == "POST" else None
    for _ in range(ALONE_AFTER):
        device.sync()
    server.seen.clear()
    device.sync()
    assert server.seen.count("POST /v1/push") + server.seen.count("POST /v1/sync") <= 4


def test_batches_keep_to_the_limits_of_one_push() -> None:
    documents = [DueDocument(str(n), "", b"x" * 500_000, 0) for n in range(20)]
    documents += [DueDocument(f"s{n}", "", b"x", 0) for n in range(250)]
    made = list(batches(documents))
    assert [document for batch in made for document in batch] == documents
    assert max(len(batch) for batch in made) <= LIMITS.push_submissions
    assert max(sum(len(d.frozen) + 1 for d in batch) for batch in made) < LIMITS.push_bytes


def test_what_is_pushed_is_valid_json_with_every_document_in_it(device: Device, server: FakeServer) -> None:
    ids = captured(device, 3)
    bodies: list[Any] = []
    server.always = lambda request: bodies.append(plain(request))
    device.sync()
    assert [document["id"] for document in json.loads(bodies[0])["submissions"]] == ids
