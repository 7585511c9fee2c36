"""Pushing: nothing is let go of, and nothing is sent twice in vain."""

import datetime as dt
from typing import Any

import httpx
import pytest

from backend.clock import ManualClock
from sync_protocol.device.device import Device
from tests.unit.device.company import order_body
from tests.unit.device.fake_server import FakeServer, problem


def stages(device: Device) -> list[str]:
    return [document.stage for document in device.documents()]


def captured(device: Device, count: int) -> list[str]:
    return [device.capture("order", order_body(quantity=str(n + 1))).id for n in range(count)]


def test_an_order_and_its_state_take_one_round_trip(device: Device, server: FakeServer) -> None:
    saved = device.capture("order", order_body())
    server.seen.clear()
    report = device.sync()
    assert server.seen == ["POST /v1/sync"]
    assert report.complete and [result["status"] for result in report.results] == ["received"]
    assert device.record("submissions", saved.id) is not None
    assert stages(device) == ["queued"]


def test_the_bytes_pushed_are_the_bytes_captured(device: Device, server: FakeServer) -> None:
    saved = device.capture("order", order_body(notes="é\u2028\U0001f600"))
    frozen = bytes(device.db.value("SELECT frozen FROM document"))
    server.lose_reply("/v1/sync")
    device.sync()
    assert frozen in server.frozen[saved.id]
    assert bytes(device.db.value("SELECT frozen FROM document")) == frozen


def test_a_lost_reply_neither_doubles_nor_loses_the_document(device: Device, server: FakeServer) -> None:
    saved = device.capture("order", order_body())
    server.lose_reply("/v1/sync")
    report = device.sync()
    assert report.problem is not None
    assert list(server.inbox) == [saved.id]
    # The pull of the same sync has already reported that the server has it.
    assert report.complete and stages(device) == ["queued"]
    assert device.sync().results == []


def test_a_lost_reply_is_answered_duplicate_when_the_feed_had_not_said_so_yet(
    device: Device, server: FakeServer
) -> None:
    device.capture("order", order_body())
    server.lose_reply("/v1/sync")
    server.next("/v1/pull", lambda: problem(503, "unavailable", retry_after=1))
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
    device: Device, server: FakeServer
) -> None:
    (id,) = captured(device, 1)
    device.sync()
    server.say(id, state="accepted", erp_number="SO-1")
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
    device: Device, server: FakeServer, clock: ManualClock
) -> None:
    (id,) = captured(device, 1)
    device.sync()
    server.say(id, state="accepted")
    clock.advance(days=3650)
    device.sync()
    device.sync()
    assert len(device.documents()) == 1


@pytest.mark.parametrize("state", ["received", "on_hold", "parked", "unknown", "rejected", "handed_over"])
def test_a_document_without_a_final_state_never_leaves(device: Device, server: FakeServer, state: str) -> None:
    (id,) = captured(device, 1)
    device.sync()
    server.say(id, state=state)
    device.sync()
    server.feed.server_time = "2029-01-01T00:00:00Z"
    server.feed.put("everyone", "units", "pc", {"id": "pc"})
    device.sync()
    assert stages(device) == [state]


def test_a_rejected_document_leaves_once_it_is_superseded(device: Device, server: FakeServer) -> None:
    (id,) = captured(device, 1)
    device.sync()
    server.say(id, state="rejected", superseded_by="01ARZ3NDEKTSV4RRFFQ69G5FAV")
    device.sync()
    assert device.documents()[0].final_at is not None


def test_an_answer_for_another_content_is_not_believed(device: Device, server: FakeServer) -> None:
    (id,) = captured(device, 1)
    server.judge = lambda document: {"status": "received", "state": "queued", "sha256": "0" * 64}
    device.sync()
    assert stages(device) == ["suspicious"]
    assert device.documents()[0].needs_rep
    server.judge = lambda document: None
    device.retry_push(id)
    device.sync()
    assert stages(device) == ["queued"]


def test_a_feed_that_speaks_of_another_content_does_not_settle_the_document(
    device: Device, server: FakeServer
) -> None:
    (id,) = captured(device, 1)
    device.sync()
    server.say(id, state="accepted", sha256="0" * 64)
    device.sync()
    (document,) = device.documents()
    assert document.stage == "suspicious" and document.final_at is None


def test_refused_and_quarantined_documents_keep_their_neighbours_going(
    device: Device, server: FakeServer
) -> None:
    good, bad, odd = captured(device, 3)
    fault = {"code": "field_invalid", "field": "lines", "message": "is wrong"}
    verdicts: dict[str, Any] = {
        bad: {"status": "refused", "errors": [fault | {"hint": "of a newer server"}]},
        odd: {"status": "quarantined", "new_field": 1},
    }
    server.judge = lambda document: verdicts.get(document["id"])
    assert device.sync().complete
    assert dict(zip((good, bad, odd), stages(device), strict=True)) == {
        good: "queued", bad: "refused", odd: "quarantined",
    }  # fmt: skip
    assert device.documents()[1].errors == [fault]
    server.seen.clear()
    device.sync()
    assert server.seen == ["GET /v1/pull"], "what was answered is not pushed again"


def test_a_damaged_reply_settles_nothing(device: Device, server: FakeServer) -> None:
    captured(device, 1)
    server.next(
        "/v1/sync",
        lambda: httpx.Response(200, headers={"Content-Type": "application/json"}, content=b'{"results":[{"id'),
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
    device: Device, server: FakeServer, results: Any
) -> None:
    captured(device, 1)
    server.next(
        "/v1/sync", lambda: httpx.Response(200, json={"results": results, "page": None, "problem": None})
    )
    device.sync()
    assert stages(device) == ["on_device"]


def test_a_restored_server_is_told_again_of_what_it_forgot(device: Device, server: FakeServer) -> None:
    backup, inbox = server.feed.saved(), dict(server.inbox)
    accepted, queued, withdrawn = captured(device, 3)
    device.sync()
    server.say(accepted, state="accepted")
    server.say(withdrawn, state="withdrawn")
    device.sync()
    server.feed.restore(backup)
    server.inbox = inbox
    report = device.sync()
    assert report.rebased and report.complete and report.verified
    # Telling it of the withdrawn one would have it executed after all.
    assert set(server.inbox) == {accepted, queued}
    assert [document.stage for document in device.documents()] == ["queued", "queued", "withdrawn"]


def test_documents_of_another_rep_are_not_pushed(device: Device, server: FakeServer) -> None:
    captured(device, 1)
    device.db.run("UPDATE session SET rep = 'R2'")
    device.sync()
    assert server.inbox == {}
    assert len(device.documents()) == 1
