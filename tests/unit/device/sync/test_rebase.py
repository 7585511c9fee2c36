"""A new epoch after a restore: the device keeps its rows, compares checksums, and loses what is lost."""

import copy

import pytest

from sync_protocol.conformance.http_server import Reply, Request, problem
from sync_protocol.device.device import Device
from sync_protocol.device.store import offers
from tests.unit.device.company import TERRITORY, customer, order_body
from tests.unit.device.contents import contents
from tests.unit.device.feed_server import FeedServer

CUSTOMERS = (TERRITORY, "customers")


@pytest.fixture
def large(device: Device, server: FeedServer) -> Device:
    """A device with 2,000 more customers, half a megabyte of them."""
    for n in range(2000):
        server.feed.put(TERRITORY, "customers", f"M{n:04}", customer(f"M{n:04}", f"Many {n}", notes="x" * 100))
    assert device.sync().put == 2000
    return device


def test_after_a_restore_a_few_kilobytes_bring_the_device_back(large: Device, server: FeedServer) -> None:
    backup, inbox = server.feed.backup(), copy.deepcopy(server.inbox)
    for n in range(5):
        server.feed.put(TERRITORY, "customers", f"LOST{n}", customer(f"LOST{n}", "Written after the backup"))
    server.feed.put(TERRITORY, "customers", "M0007", customer("M0007", "Changed after the backup"))
    server.feed.gone("customers", "M0008")
    order = large.capture("order", order_body())
    large.sync()
    assert large.record("customers", "LOST0") and large.record("customers", "M0008") is None

    server.feed.restore(backup)
    server.inbox = inbox
    report = large.sync()
    assert report.rebased and not report.reset and report.verified
    assert contents(large) == server.feed.live()
    assert large.record("customers", "LOST0") is None
    assert large.record("customers", "M0007") == customer("M0007", "Many 7", notes="x" * 100)
    assert report.received < 20_000
    # What was pushed before the restore is pushed again, for the server has forgotten it.
    assert set(server.inbox) == {order.id}
    assert [document.stage for document in large.documents()] == ["queued"]


def test_positions_of_the_old_epoch_do_not_keep_new_rows_out(device: Device, server: FeedServer) -> None:
    """History 7: k was at a higher position than the restored server will reach for a long time."""
    backup = server.feed.backup()
    for n in range(50):
        server.feed.put(TERRITORY, "customers", "C1", customer("C1", f"Lost {n}"))
    device.sync()
    server.feed.restore(backup)
    server.feed.put(TERRITORY, "customers", "C1", customer("C1", "Rewritten"))
    assert device.sync().verified
    server.feed.put(TERRITORY, "customers", "C1", customer("C1", "Rewritten again"))
    assert device.sync().verified
    assert contents(device) == server.feed.live()


def test_a_later_grant_brings_no_old_tombstones_down_on_living_rows(device: Device, server: FeedServer) -> None:
    """History 7: k left channel B before the restore and lives in A; B is granted afterwards."""
    other = ("territory:SE", "customers")
    server.feed.put("territory:SE", "customers", "K", customer("K", "There", territory="SE"))
    server.feed.put(TERRITORY, "customers", "K", customer("K", "Here"))
    device.sync()
    server.feed.restore(server.feed.backup())
    assert device.sync().verified
    server.feed.grant(other)
    assert device.sync().verified
    assert device.record("customers", "K") == customer("K", "Here")


def test_a_stream_that_was_being_fetched_begins_again(enrolled: Device, server: FeedServer) -> None:
    for n in range(20):
        server.feed.put(TERRITORY, "customers", f"S{n:02}", customer(f"S{n:02}", f"Søren {n}"))
    server.feed.build_in_segments(CUSTOMERS, 5)
    taken = 0

    def stop_after_two(request: Request) -> Reply | None:
        nonlocal taken
        taken += "segments" in request.path
        return problem(503, "unavailable") if taken == 3 else None

    server.override = stop_after_two
    enrolled.sync()
    assert len(enrolled.records("customers")) == 10
    server.override = None
    backup = server.feed.backup()
    server.feed.restore(backup)
    server.feed.retire(CUSTOMERS)
    server.feed.sweep()
    server.feed.gone("customers", "S00")
    report = enrolled.sync()
    assert report.rebased and report.verified and contents(enrolled) == server.feed.live()
    assert offers.progress(enrolled.db).segments == 0


def test_an_accepted_document_is_let_go_of_once_the_server_confirms_it(
    device: Device, server: FeedServer
) -> None:
    """Its record in `submissions` has not changed: it is not sent again, and the checksum confirms it."""
    order = device.capture("order", order_body())
    device.sync()
    server.publish_state(order.id, state="accepted", erp_number="SO 1")
    device.sync()
    assert device.documents()[0].final_at is not None
    server.feed.restore(server.feed.backup())
    report = device.sync()
    assert report.rebased and report.verified
    assert [result["status"] for result in report.results] == ["duplicate"]
    (document,) = device.documents()
    assert document.stage == "accepted" and document.final_at is not None


def test_a_state_that_the_server_lost_does_not_keep_the_document_from_being_pushed(
    device: Device, server: FeedServer
) -> None:
    backup, inbox = server.feed.backup(), copy.deepcopy(server.inbox)
    order = device.capture("order", order_body())
    device.sync()
    server.publish_state(order.id, state="accepted", erp_number="SO 1")
    device.sync()
    server.feed.restore(backup)
    server.inbox = inbox
    # Another change first, so that a page with rows is applied between the restore and the push.
    server.feed.put(TERRITORY, "customers", "C2", customer("C2", "New name"))
    device.sync()
    assert set(server.inbox) == {order.id}
    assert [document.stage for document in device.documents()] == ["queued"]


def test_after_epoch_changed_everything_is_fetched_again(device: Device, server: FeedServer) -> None:
    server.feed.restore(server.feed.backup())
    page_after = server.feed.page_after

    def nothing_kept(cursor: str | None) -> dict[str, object]:
        return page_after(None) | {"reset": "epoch_changed"}

    server.feed.page_after = nothing_kept
    report = device.sync()
    assert report.reset and not report.rebased and report.verified
    assert contents(device) == server.feed.live()
