"""Pushing: nothing is let go of, and nothing is sent twice in vain."""

import datetime as dt
from typing import Any

import pytest

from backend.clock import ManualClock
from sync_protocol.conformance.http_server import Reply, json_reply, problem
from sync_protocol.device.device import Device
from tests.unit.device.company import order_body
from tests.unit.device.feed_server import FeedServer


def stages(device: Device) -> list[str]:
    return [document.stage for document in device.documents()]


def captured(device: Device, count: int) -> list[str]:
    return [device.capture("order", order_body(quantity=str(n + 1))).id for n in range(count)]


def result_of(id: str, status: str, **more: Any) -> dict[str, Any]:
    """Return the result of a pushed document that the server is to return."""
    return {"id": id, "status": status, "state": None, "sha256": None, "errors": [], **more}


def test_an_order_and_its_state_take_one_round_trip(device: Device, server: FeedServer) -> None:
    saved = device.capture("order", order_body())
    server.received.clear()
    report = device.sync()
    assert server.request_lines() == ["POST /v1/sync"]
    assert report.complete and [result["status"] for result in report.results] == ["received"]
    assert device.record("submissions", saved.id) is not None
    assert stages(device) == ["queued"]


def test_the_bytes_pushed_are_the_bytes_captured(device: Device, server: FeedServer) -> None:
    saved = device.capture("order", order_body(notes="é\u2028\U0001f600"))
    frozen = bytes(device.db.value("SELECT frozen FROM document"))
    server.once("/v1/sync", server.lose_reply)
    device.sync()
    assert frozen in server.requests("/v1/sync")[-1].body
    assert list(server.inbox) == [saved.id]
    assert bytes(device.db.value("SELECT frozen FROM document")) == frozen


def test_a_lost_reply_neither_doubles_nor_loses_the_document(device: Device, server: FeedServer) -> None:
    saved = device.capture("order", order_body())
    server.once("/v1/sync", server.lose_reply)
    report = device.sync()
    assert report.problem is not None
    assert list(server.inbox) == [saved.id]
    # The pull of the same sync has already reported that the server has it.
    assert report.complete and stages(device) == ["queued"]
    assert device.sync().results == []


def test_a_lost_reply_is_answered_duplicate_when_the_feed_had_not_said_so_yet(
    device: Device, server: FeedServer
) -> None:
    device.capture("order", order_body())
    server.once("/v1/sync", server.lose_reply)
    server.once("/v1/pull", lambda request: problem(503, "unavailable", retry_after=1))
    assert not device.sync().complete
    assert stages(device) == ["on_device"]
    assert [result["status"] for result in device.sync().results] == ["duplicate"]
    assert len(server.inbox) == 1


def test_a_document_stays_after_the_push_was_answered(device: Device, clock: ManualClock) -> None:
    captured(device, 1)
    device.sync()
    clock.advance(days=400)
    device.sync()
    assert len(device.documents()) == 1


def test_a_document_leaves_a_week_after_the_feed_said_that_it_is_final(
    device: Device, server: FeedServer
) -> None:
    (id,) = captured(device, 1)
    device.sync()
    server.publish_state(id, state="accepted", erp_number="SO-1")
    device.sync()
    (document,) = device.documents()
    assert (document.stage, document.state_label) == ("accepted", "in the ERP as SO-1")

    def days_later(days: int) -> None:
        server.feed.server_time = f"{dt.date(2026, 11, 23) + dt.timedelta(days=days)}T09:00:01Z"
        server.feed.put("everyone", "units", "pc", {"id": "pc"})
        device.sync()

    days_later(6)
    assert len(device.documents()) == 1
    days_later(7)
    assert device.documents() == []


def test_the_grace_period_goes_by_the_servers_clock(
    device: Device, server: FeedServer, clock: ManualClock
) -> None:
    (id,) = captured(device, 1)
    device.sync()
    server.publish_state(id, state="accepted")
    clock.advance(days=3650)
    device.sync()
    device.sync()
    assert len(device.documents()) == 1


@pytest.mark.parametrize("state", ["received", "on_hold", "parked", "unknown", "rejected", "handed_over"])
def test_a_document_without_a_final_state_never_leaves(device: Device, server: FeedServer, state: str) -> None:
    (id,) = captured(device, 1)
    device.sync()
    server.publish_state(id, state=state)
    device.sync()
    server.feed.server_time = "2029-01-01T00:00:00Z"
    server.feed.put("everyone", "units", "pc", {"id": "pc"})
    device.sync()
    assert stages(device) == [state]


def test_a_rejected_document_leaves_once_it_is_superseded(device: Device, server: FeedServer) -> None:
    (id,) = captured(device, 1)
    device.sync()
    server.publish_state(id, state="rejected", superseded_by="01ARZ3NDEKTSV4RRFFQ69G5FAV")
    device.sync()
    assert device.documents()[0].final_at is not None


def test_a_result_with_another_sha256_is_not_accepted(device: Device, server: FeedServer) -> None:
    (id,) = captured(device, 1)
    server.results[id] = result_of(id, "received", state="queued", sha256="0" * 64)
    device.sync()
    assert stages(device) == ["suspicious"]
    assert device.documents()[0].needs_rep
    server.results.clear()
    device.retry_push(id)
    device.sync()
    assert stages(device) == ["queued"]


def test_a_record_with_another_sha256_does_not_settle_the_document(device: Device, server: FeedServer) -> None:
    (id,) = captured(device, 1)
    device.sync()
    server.publish_state(id, state="accepted", sha256="0" * 64)
    device.sync()
    (document,) = device.documents()
    assert document.stage == "suspicious" and document.final_at is None


def test_refused_and_quarantined_documents_keep_their_neighbours_going(
    device: Device, server: FeedServer
) -> None:
    good, bad, odd = captured(device, 3)
    fault = {"code": "field_invalid", "field": "lines", "message": "is wrong"}
    server.results = {
        bad: result_of(bad, "refused", errors=[fault | {"hint": "of a newer server"}]),
        odd: result_of(odd, "quarantined", new_field=1),
    }
    assert device.sync().complete
    assert dict(zip((good, bad, odd), stages(device), strict=True)) == {
        good: "queued", bad: "refused", odd: "quarantined",
    }  # fmt: skip
    assert device.documents()[1].errors == [fault]
    server.received.clear()
    device.sync()
    assert server.request_lines() == ["GET /v1/pull"], "what was answered is not pushed again"


def test_a_damaged_reply_settles_nothing(device: Device, server: FeedServer) -> None:
    captured(device, 1)
    server.once(
        "/v1/sync",
        lambda request: Reply(200, b'{"results":[{"id', {"Content-Type": "application/json"}),
    )
    assert device.sync().problem is not None
    assert stages(device) == ["on_device"]


@pytest.mark.parametrize(
    "results",
    [
        None,
        [],
        [
            {
                "id": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
                "status": "received",
                "state": None,
                "sha256": None,
                "errors": [],
            }
        ],
        [{"id": None, "status": "fine", "state": None, "sha256": None, "errors": []}],
    ],
)
def test_results_that_are_not_those_of_the_push_settle_nothing(
    device: Device, server: FeedServer, results: Any
) -> None:
    captured(device, 1)
    server.once("/v1/sync", lambda request: json_reply({"results": results, "page": None, "problem": None}))
    device.sync()
    assert stages(device) == ["on_device"]


def test_documents_that_a_restore_lost_are_pushed_again(device: Device, server: FeedServer) -> None:
    backup, inbox = server.feed.backup(), dict(server.inbox)
    accepted, queued, withdrawn = captured(device, 3)
    device.sync()
    server.publish_state(accepted, state="accepted")
    server.publish_state(withdrawn, state="withdrawn")
    device.sync()
    server.feed.restore(backup)
    server.inbox = inbox
    report = device.sync()
    assert report.rebased and report.complete and report.verified
    # Telling it of the withdrawn one would have it executed after all.
    assert set(server.inbox) == {accepted, queued}
    assert [document.stage for document in device.documents()] == ["queued", "queued", "withdrawn"]


def test_documents_of_another_rep_are_not_pushed(device: Device, server: FeedServer) -> None:
    captured(device, 1)
    device.db.run("UPDATE session SET rep = 'R2'")
    device.sync()
    assert server.inbox == {}
    assert len(device.documents()) == 1


def test_a_field_that_a_newer_server_adds_to_an_error_or_a_warning_is_ignored(
    device: Device, server: FeedServer
) -> None:
    [id] = captured(device, 1)
    fault = {"code": "price_zero", "field": "lines[0]", "message": "has the price 0", "severity": 2}
    more = {"state": "queued", "warnings": [fault], "errors": [fault], "sha256": "0" * 64, "hint": None}
    reply = {"results": [result_of(id, "received", **more)], "page": None, "problem": None}
    server.once("/v1/sync", lambda request: json_reply(reply))
    report = device.sync()
    assert [result["id"] for result in report.results] == [id]


def test_a_push_that_was_damaged_in_transit_waits_for_the_next_sync(device: Device, server: FeedServer) -> None:
    ids = captured(device, 2)
    server.received.clear()
    server.once("/v1/sync", lambda request: problem(400, "body_damaged"))
    assert device.sync().notes == []
    pushes = [line for line in server.request_lines() if line.startswith("POST")]
    assert pushes == ["POST /v1/sync"]
    assert [result["id"] for result in device.sync().results] == ids
