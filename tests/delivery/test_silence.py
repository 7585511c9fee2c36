"""An ERP that is away is left alone and asked now and then; one document it stumbles over stops nobody."""

import logging

import pytest

from tests.delivery.desk import Desk


@pytest.mark.parametrize("mode", ["down", "timeout"])
def test_three_documents_without_an_answer_stop_sending_until_check_answers(
    desk: Desk, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    ids = [desk.capture(customer=f"C{n}") for n in range(10)]
    desk.erp.script("create", mode)
    desk.erp.script("check", "locked", "ok")
    assert desk.forwarder().drain() == 3
    assert desk.forwarder("w2").drain() == 0, "every worker obeys"
    assert [desk.row(id).tries for id in ids] == [1] * 3 + [0] * 7
    assert "3 documents in a row got no answer" in (desk.breaker().reason or "")
    assert not [r for r in caplog.records if r.levelno >= logging.ERROR], "nothing of ours is wrong"
    desk.erp.script("create", "ok")
    desk.later(seconds=5)
    assert not desk.probe()
    assert desk.forwarder().drain() == 0
    desk.later(seconds=30)
    assert desk.probe()
    desk.forwarder().drain()
    assert desk.states(*ids) == ["accepted"] * 10
    assert [desk.erp.created(id) for id in ids] == [1] * 10


def test_one_document_that_gets_no_answer_stops_nobody(desk: Desk) -> None:
    bad = desk.capture()
    desk.erp.script("create", "timeout")
    forwarder = desk.forwarder()
    for _ in range(5):
        forwarder.drain()
        desk.later(seconds=31)
    desk.erp.script("create", "timeout", "ok")
    good = desk.capture(customer="C2")
    forwarder.drain()
    assert desk.states(bad, good) == ["unknown", "accepted"]


def test_an_answer_between_two_silences_begins_the_count_anew(desk: Desk) -> None:
    ids = [desk.capture(customer=f"C{n}") for n in range(5)]
    desk.erp.script("create", "down", "down", "refuse", "down", "ok")
    desk.forwarder().drain()
    assert desk.states(*ids) == ["queued", "queued", "rejected", "queued", "accepted"]


def test_after_an_outage_the_first_document_without_an_answer_stops_sending_again(desk: Desk) -> None:
    """The probe was content and the documents are not: each round costs one try, not three."""
    for n in range(10):
        desk.capture(customer=f"C{n}")
    desk.erp.script("create", "down")
    forwarder = desk.forwarder()
    assert forwarder.drain() == 3
    for _ in range(3):
        desk.later(minutes=1)
        assert desk.probe()
        assert forwarder.drain() == 1


def test_an_erp_that_asks_to_come_again_is_left_alone_by_all_documents(desk: Desk) -> None:
    ids = [desk.capture(customer=f"C{n}") for n in range(5)]
    desk.erp.script("create", "503:77", "ok")
    assert desk.forwarder().drain() == 1
    desk.later(seconds=76)
    assert not desk.probe() and desk.forwarder().drain() == 0
    assert desk.erp.calls[2:] == [], "not even check() is asked before"
    desk.later(seconds=1)
    assert desk.probe()
    desk.forwarder().drain()
    assert desk.states(*ids) == ["accepted"] * 5


def test_an_erp_that_asks_for_a_day_is_probed_within_the_longest_wait(desk: Desk) -> None:
    desk.capture()
    desk.erp.script("create", "503:86400", "ok")
    desk.forwarder().drain()
    assert (desk.breaker().probe_at - desk.clock.now()).total_seconds() == 900  # type: ignore[operator]
