"""Batches: within the limits, halved where refused, and one bad document blocks nobody."""

import json
from typing import Any

from sync_protocol.conformance.http_server import Reply, Request, problem
from sync_protocol.device.device import Device
from sync_protocol.device.store.outbox import DueDocument
from sync_protocol.device.sync.push import ALONE_AFTER, batches
from sync_protocol.limits import LIMITS
from tests.unit.device.company import order_body
from tests.unit.device.feed_server import FeedServer
from tests.unit.device.sync.test_push import captured, stages


def too_large(limit: int) -> Any:
    def refuse(request: Request) -> Reply | None:
        if request.path not in ("/v1/sync", "/v1/push") or len(request.body) <= limit:
            return None
        # A proxy says so in its own words.
        return Reply(413, b"<h1>Too large</h1>", {"Content-Type": "text/html"})

    return refuse


def test_a_batch_that_is_too_large_is_halved(device: Device, server: FeedServer) -> None:
    ids = captured(device, 9)
    server.override = too_large(2500)
    assert device.sync().complete
    assert set(server.inbox) == set(ids)
    assert set(stages(device)) == {"queued"}


def test_one_document_that_is_too_large_is_marked_and_the_others_go(device: Device, server: FeedServer) -> None:
    small = captured(device, 2)
    huge = device.capture("order", order_body(notes="x" * 1900)).id
    small += captured(device, 1)
    server.override = too_large(1500)
    report = device.sync()
    assert report.complete and len(report.notes) == 1
    assert set(server.inbox) == set(small)
    assert {document.id: document.stage for document in device.documents()}[huge] == "too_large"
    server.received.clear()
    device.sync()
    assert server.request_lines() == ["GET /v1/pull"]


def test_a_document_that_the_server_falls_over_blocks_neither_others_nor_the_pull(
    device: Device, server: FeedServer
) -> None:
    ids = captured(device, 5)
    poison = ids[1]

    def fall_over(request: Request) -> Reply | None:
        return problem(500, "internal") if poison.encode() in request.body else None

    server.override = fall_over
    for _ in range(ALONE_AFTER + 1):
        report = device.sync()
        assert report.complete, "the pull continues"
    assert set(server.inbox) == set(ids) - {poison}
    newer = captured(device, 1)
    device.sync()
    assert newer[0] in server.inbox
    server.override = None
    device.sync()
    assert poison in server.inbox


def test_a_failing_server_does_not_get_a_request_for_each_document(device: Device, server: FeedServer) -> None:
    captured(device, 20)
    server.override = lambda request: problem(500, "internal") if request.method == "POST" else None
    for _ in range(ALONE_AFTER):
        device.sync()
    server.received.clear()
    device.sync()
    assert server.request_lines().count("POST /v1/push") + server.request_lines().count("POST /v1/sync") <= 4


def test_batches_keep_to_the_limits_of_one_push() -> None:
    documents = [DueDocument(str(n), "", b"x" * 500_000, 0) for n in range(20)]
    documents += [DueDocument(f"s{n}", "", b"x", 0) for n in range(250)]
    made = list(batches(documents))
    assert [document for batch in made for document in batch] == documents
    assert max(len(batch) for batch in made) <= LIMITS.push_submissions
    assert max(sum(len(d.frozen) + 1 for d in batch) for batch in made) < LIMITS.push_bytes


def test_what_is_pushed_is_valid_json_with_every_document_in_it(device: Device, server: FeedServer) -> None:
    ids = captured(device, 3)
    device.sync()
    (push,) = server.requests("/v1/sync")
    assert [document["id"] for document in json.loads(push.body)["submissions"]] == ids
