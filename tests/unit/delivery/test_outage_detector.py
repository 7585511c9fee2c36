"""An ERP that is away is left alone and asked now and then; one document it stumbles over stops nobody."""

import logging

import pytest

from tests.unit.delivery.inbox_fixture import InboxFixture


@pytest.mark.parametrize("mode", ["down", "timeout"])
def test_three_documents_without_an_answer_stop_sending_until_check_answers(
    inbox: InboxFixture, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    ids = [inbox.capture(customer=f"C{n}") for n in range(10)]
    inbox.erp.script("create", mode)
    inbox.erp.script("check", "locked", "ok")
    assert inbox.forwarder().drain() == 3
    assert inbox.forwarder("w2").drain() == 0, "every worker obeys"
    assert [inbox.row(id).tries for id in ids] == [1] * 3 + [0] * 7
    assert "3 documents in a row got no answer" in (inbox.breaker().reason or "")
    assert not [r for r in caplog.records if r.levelno >= logging.ERROR], "nothing of ours is wrong"
    inbox.erp.script("create", "ok")
    inbox.later(seconds=5)
    assert not inbox.probe()
    assert inbox.forwarder().drain() == 0
    inbox.later(seconds=30)
    assert inbox.probe()
    inbox.forwarder().drain()
    assert inbox.states(*ids) == ["accepted"] * 10
    assert [inbox.erp.created(id) for id in ids] == [1] * 10


def test_one_document_without_an_answer_does_not_stop_sending(inbox: InboxFixture) -> None:
    failing = inbox.capture()
    inbox.erp.script("create", "timeout")
    forwarder = inbox.forwarder()
    for _ in range(5):
        forwarder.drain()
        inbox.later(seconds=31)
    inbox.erp.script("create", "timeout", "ok")
    other = inbox.capture(customer="C2")
    forwarder.drain()
    assert inbox.states(failing, other) == ["unknown", "accepted"]


def test_an_answer_resets_the_count_of_missing_answers(inbox: InboxFixture) -> None:
    ids = [inbox.capture(customer=f"C{n}") for n in range(5)]
    inbox.erp.script("create", "down", "down", "refuse", "down", "ok")
    inbox.forwarder().drain()
    assert inbox.states(*ids) == ["queued", "queued", "rejected", "queued", "accepted"]


def test_after_an_outage_the_first_document_without_an_answer_stops_sending_again(inbox: InboxFixture) -> None:
    """The probe was content and the documents are not: each round costs one try, not three."""
    for n in range(10):
        inbox.capture(customer=f"C{n}")
    inbox.erp.script("create", "down")
    forwarder = inbox.forwarder()
    assert forwarder.drain() == 3
    for _ in range(3):
        inbox.later(minutes=1)
        assert inbox.probe()
        assert forwarder.drain() == 1


def test_retry_after_of_the_erp_stops_all_documents(inbox: InboxFixture) -> None:
    ids = [inbox.capture(customer=f"C{n}") for n in range(5)]
    inbox.erp.script("create", "503:77", "ok")
    assert inbox.forwarder().drain() == 1
    inbox.later(seconds=76)
    assert not inbox.probe() and inbox.forwarder().drain() == 0
    assert inbox.erp.calls[2:] == [], "not even check() is asked before"
    inbox.later(seconds=1)
    assert inbox.probe()
    inbox.forwarder().drain()
    assert inbox.states(*ids) == ["accepted"] * 5


def test_a_long_retry_after_is_capped_at_the_longest_wait(inbox: InboxFixture) -> None:
    inbox.capture()
    inbox.erp.script("create", "503:86400", "ok")
    inbox.forwarder().drain()
    assert (inbox.breaker().probe_at - inbox.clock.now()).total_seconds() == 900
