"""Admission: what a busy server refuses, and that a refusal costs nothing."""

import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.api import admission
from backend.api.work import Admission, Work
from sync_protocol.cursor import Cursor, Mark
from tests.unit.api.installation import Installation, Phone
from tests.unit.api.test_query_counts import counted
from tests.unit.sync.company import order_body, submission

ID = "01KBR9Z8Q5T000000000000001"
EVENTS = st.lists(st.one_of(st.sampled_from(Work), st.none()), max_size=60)


@given(threads=st.integers(1, 64), events=EVENTS)
def test_a_push_is_never_refused_while_a_resync_is_admitted(threads: int, events: list[Work | None]) -> None:
    """Whatever arrives and ends (None): each class is admitted wherever a class before it is."""
    gate = Admission(threads)
    for event in events:
        if event is None:
            if gate.running:
                gate.leave()
            continue
        admits = {work: Admission._fits(gate, work, gate.running) for work in Work}
        assert admits[Work.PUSH] >= admits[Work.PULL] >= admits[Work.RESYNC]
        assert gate.enter(event) == admits[event]
        assert admits[Work.PUSH]


def test_each_class_has_its_bound() -> None:
    gate = Admission(8)
    assert [gate.enter(Work.RESYNC) for _ in range(6)] == [True] * 4 + [False] * 2
    assert [gate.enter(Work.PULL) for _ in range(4)] == [True] * 2 + [False] * 2
    assert [gate.enter(Work.PUSH) for _ in range(9)] == [True] * 9
    assert not gate.enter(Work.PULL)


def test_the_count_is_right_after_many_threads() -> None:
    gate = Admission(8)

    def work() -> None:
        for _ in range(2_000):
            if gate.enter(Work.PULL):
                gate.leave()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert gate.running == 0


@pytest.mark.parametrize(
    ("cursor", "work"),
    [
        (None, Work.RESYNC),
        ("not a cursor", Work.PULL),
        (Cursor("e", 9, {("territory:NW", "customers"): Mark(9)}).encode(), Work.PULL),
        (Cursor("e", 9, {("territory:NW", "customers"): Mark(3, 9)}).encode(), Work.RESYNC),
    ],
)
def test_the_class_of_a_page(cursor: str | None, work: Work) -> None:
    assert admission.work_of_page(cursor) is work


def make_busy(installation: Installation, threads: int) -> None:
    for _ in range(threads):
        installation.satchel.admission.enter(Work.PUSH)


def test_a_busy_server_refuses_first_syncs_then_pulls_and_never_pushes(
    installation: Installation, phone: Phone
) -> None:
    cursor = phone.pull().json["cursor"]

    def codes() -> list[int]:
        replies = [phone.pull(), phone.ask("POST", "/v1/verify", json={}), phone.pull(cursor)]
        return [reply.status_code for reply in [*replies, phone.push(submission(ID, order_body()))]]

    assert codes() == [200, 422, 200, 200]
    make_busy(installation, 4)
    assert codes() == [503, 503, 200, 200]
    make_busy(installation, 2)
    assert codes() == [503, 503, 503, 200]
    assert installation.client.get("/livez").status_code == 200
    assert phone.refresh().status_code == 200


def test_a_refusal_takes_no_statement_and_says_when_to_come_again(
    installation: Installation, phone: Phone
) -> None:
    make_busy(installation, 8)
    waits = set()
    for _ in range(20):
        with counted(installation) as statements:
            reply = phone.pull()
        assert (reply.status_code, reply.json["code"], statements) == (503, "server_busy", [])
        assert reply.headers["Content-Type"] == "application/problem+json"
        waits.add(int(reply.headers["Retry-After"]))
    assert min(waits) >= 5 and max(waits) <= 30 and len(waits) > 3


def test_a_sync_stores_its_documents_although_its_page_is_refused(
    installation: Installation, phone: Phone
) -> None:
    make_busy(installation, 8)
    body: dict[str, Any] = {"cursor": None, "submissions": [submission(ID, order_body())]}
    reply = phone.ask("POST", "/v1/sync", json=body)
    assert reply.status_code == 200 and reply.json["results"][0]["status"] == "received"
    assert reply.json["page"] is None and reply.json["problem"]["code"] == "server_busy"
    assert int(reply.headers["Retry-After"]) >= 5


def test_a_request_ends_however_it_ends(installation: Installation, phone: Phone) -> None:
    phone.pull()
    phone.pull("garbage")
    phone.ask("GET", "/v1/nothing")
    phone.push(5)
    installation.client.get("/v1/pull")
    assert installation.satchel.admission.running == 0
