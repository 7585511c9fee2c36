"""At most so many documents are on their way into the ERP at once, however many workers there are."""

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from backend.clock import ManualClock, SystemClock
from backend.delivery.connector_profile import build_profile
from backend.delivery.queue import acquire
from backend.delivery.queue.lease import Lease
from backend.erp.records import Document, ErpDocument
from backend.retry import Backoff
from backend.settings import read_settings
from tests.databases import engine_of, prepared, waiting_behind
from tests.eventually import SECONDS, eventually
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.delivery.queue.leases import accepted_transition, lease_next, settle
from tests.unit.delivery.recording_erp import KINDS, RecordingErp

pytestmark = pytest.mark.both_dialects


class Counting(RecordingErp):
    """Notes how many creates ran at once, over all instances."""

    guard = threading.Lock()
    now = most = 0

    def create(self, document: Document) -> ErpDocument:
        with Counting.guard:
            Counting.now += 1
            Counting.most = max(Counting.most, Counting.now)
        try:
            time.sleep(0.02)
            return super().create(document)
        finally:
            with Counting.guard:
                Counting.now -= 1


@pytest.mark.parametrize("max_in_flight", [1, 2])
def test_four_workers_send_no_more_at_once_than_the_erp_takes(inbox: InboxFixture, max_in_flight: int) -> None:
    inbox.clock = SystemClock()
    inbox.settings = replace(inbox.settings, max_in_flight=max_in_flight)
    ids = [inbox.capture(customer=f"C{n}") for n in range(8)]
    Counting.most = 0

    def forward(n: int) -> None:
        forwarder = inbox.forwarder(f"w{n}", erp=Counting(inbox.erp.folder))

        def all_accepted() -> bool:
            forwarder.drain()
            return all(state == "accepted" for state in inbox.states(*ids))

        eventually(all_accepted, "all are accepted")

    threads = [threading.Thread(target=forward, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert inbox.states(*ids) == ["accepted"] * 8
    assert 1 <= Counting.most <= max_in_flight


def test_a_settled_document_frees_its_slot(
    inbox: InboxFixture,
) -> None:
    ids = [inbox.capture(customer=f"C{n}") for n in range(4)]
    first, second = lease_next(inbox, "w1", max_in_flight=2), lease_next(inbox, "w2", max_in_flight=2)
    assert first and second and lease_next(inbox, "w3", max_in_flight=2) is None
    assert inbox.states(*ids) == ["sending", "sending", "queued", "queued"]
    settle(inbox, first, accepted_transition())
    third = lease_next(inbox, "w3", max_in_flight=2)
    assert third is not None and third.id == ids[2]


def test_two_leases_at_one_moment_do_not_both_take_the_last_place(
    postgres_url: str, clock: ManualClock, tmp_path: Path
) -> None:
    """Each would count the documents on their way before the other has committed (PostgreSQL only)."""
    sessions = prepared(postgres_url)
    settings = read_settings({"SATCHEL_FOLDER": str(tmp_path), "SATCHEL_DATABASE_URL": postgres_url})
    inbox = InboxFixture(sessions, clock, settings, RecordingErp(tmp_path / "erp"))
    ids = [inbox.capture(customer=f"C{n}") for n in range(2)]
    leases: list[Lease | None] = []
    second = threading.Thread(target=lambda: leases.append(lease_next(inbox, "w2", max_in_flight=1)))
    with sessions() as session, session.begin():
        first = acquire.acquire(
            session, now=clock.now(), worker="w1", lease_seconds=60, kinds=KINDS, max_in_flight=1
        )
        second.start()
        eventually(lambda: waiting_behind(session) == 1, "the second waits")
    second.join(SECONDS)
    assert first is not None and leases == [None]
    assert inbox.states(*ids) == ["sending", "queued"]
    engine_of(sessions).dispose()


def test_an_expired_lease_frees_its_slot(inbox: InboxFixture) -> None:
    inbox.settings = replace(inbox.settings, max_in_flight=1, lease_seconds=60.0)
    first, second = inbox.capture(customer="C1"), inbox.capture(customer="C2")
    inbox.erp.script("create", "ok")
    inbox.change(first, state="sending", fence=1, lease_owner="dead", lease_until=inbox.later(seconds=60))
    inbox.later(seconds=-1)
    assert inbox.forwarder().drain() == 0
    inbox.later(seconds=1)
    inbox.forwarder().drain()
    assert inbox.states(first, second) == ["accepted"] * 2


def test_the_operators_limit_overrides_the_connectors(inbox: InboxFixture) -> None:
    capabilities = replace(inbox.erp.capabilities(), max_in_flight=3)
    backoff = Backoff(5, 900)
    assert build_profile(capabilities, inbox.settings, backoff).max_in_flight == 3
    assert build_profile(capabilities, replace(inbox.settings, max_in_flight=7), backoff).max_in_flight == 7
    assert build_profile(inbox.erp.capabilities(), inbox.settings, backoff).max_in_flight is None
