"""Orders for two customers that were merged go one after another, in the order in which they came."""

import pytest

from backend.delivery.queue.acquire import Lease, acquire
from backend.ingest.importer import import_collection
from backend.ingest.reread import reread
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.delivery.test_customer_merges import customer
from tests.unit.ingest.scripted_erp import ScriptedErp

pytestmark = pytest.mark.both_dialects


def lease_next(inbox: InboxFixture, worker: str) -> str | None:
    """Claim what is next; return its id."""
    with inbox.sessions() as session, session.begin():
        lease: Lease | None = acquire(
            session, now=inbox.clock.now(), worker=worker, lease_seconds=60, kinds=["order"]
        )
        return lease.id if lease else None


@pytest.fixture
def read() -> ScriptedErp:
    """The ERP as it is read: C1 and C2, then C1 merged into C2."""
    erp = ScriptedErp(page=10)
    erp.say("customers", customer("C1"), customer("C2"))
    return erp


def merge(inbox: InboxFixture, read: ScriptedErp) -> None:
    read.say("customers", customer("C1", "C2"))
    import_collection(inbox.sessions, read, "customers", clock=inbox.clock, settings=inbox.settings)


def test_an_order_for_the_merged_customer_that_waits_for_its_retry_is_not_overtaken(
    inbox: InboxFixture, read: ScriptedErp
) -> None:
    old = inbox.capture(customer="C1")
    inbox.change(old, due_at=inbox.clock.now().replace(year=2027), tries=3)
    new = inbox.capture(customer="C2")
    merge(inbox, read)
    assert inbox.row(old).order_key == inbox.row(new).order_key == "customer:C2"
    assert lease_next(inbox, "w1") is None, "the older one goes first, once its time has come"
    inbox.change(old, due_at=inbox.clock.now())
    assert lease_next(inbox, "w1") == old
    assert lease_next(inbox, "w2") is None


def test_orders_for_both_customers_of_a_merge_are_not_sent_at_once(
    inbox: InboxFixture, read: ScriptedErp
) -> None:
    import_collection(inbox.sessions, read, "customers", clock=inbox.clock, settings=inbox.settings)
    old = inbox.capture(customer="C1")
    assert lease_next(inbox, "w1") == old
    inbox.capture(customer="C2")
    merge(inbox, read)
    assert lease_next(inbox, "w2") is None


def test_rereading_a_merged_customer_joins_the_order_keys(inbox: InboxFixture, read: ScriptedErp) -> None:
    import_collection(inbox.sessions, read, "customers", clock=inbox.clock, settings=inbox.settings)
    old = inbox.capture(customer="C1")
    read.silently = {"customers": {"C1": customer("C1", "C2")}}
    reread(inbox.sessions, read, "customers", ["C1"], clock=inbox.clock)
    assert inbox.row(old).order_key == "customer:C2"


@pytest.mark.parametrize("order", [("C1", "C2"), ("C2", "C1")])
def test_an_order_that_missed_the_merge_is_put_right_when_it_is_leased(
    inbox: InboxFixture, order: tuple[str, str]
) -> None:
    """It was being written to, or came, at the moment when the merge was read."""
    first, second = (inbox.capture(customer=name) for name in order)
    inbox.publish("customers", customer("C1", "C2"), customer("C2"))
    assert inbox.row(first).order_key != inbox.row(second).order_key
    assert lease_next(inbox, "w1") == first
    assert lease_next(inbox, "w2") is None
    assert inbox.row(first).order_key == inbox.row(second).order_key == "customer:C2"


def test_successive_merges_lead_to_the_last_customer(inbox: InboxFixture, read: ScriptedErp) -> None:
    ids = [inbox.capture(customer=name) for name in ("C1", "C2", "C3")]
    read.say("customers", customer("C1", "C2"), customer("C2", "C3"), customer("C3"))
    import_collection(inbox.sessions, read, "customers", clock=inbox.clock, settings=inbox.settings)
    assert {inbox.row(id).order_key for id in ids} == {"customer:C3"}


@pytest.mark.parametrize("into", ["C1", "C9"])
def test_a_merge_without_a_target_does_not_change_the_order_key(
    inbox: InboxFixture, read: ScriptedErp, into: str
) -> None:
    id = inbox.capture(customer="C1")
    read.say("customers", customer("C1", into))
    import_collection(inbox.sessions, read, "customers", clock=inbox.clock, settings=inbox.settings)
    assert inbox.row(id).order_key == "customer:C1"
    assert lease_next(inbox, "w1") == id


def test_a_cycle_of_merges_does_not_change_order_keys(inbox: InboxFixture, read: ScriptedErp) -> None:
    id = inbox.capture(customer="C1")
    read.say("customers", customer("C1", "C2"), customer("C2", "C1"))
    import_collection(inbox.sessions, read, "customers", clock=inbox.clock, settings=inbox.settings)
    assert inbox.row(id).order_key == "customer:C1"
    assert lease_next(inbox, "w1") == id


def test_a_settled_order_keeps_its_order_key(inbox: InboxFixture, read: ScriptedErp) -> None:
    id = inbox.capture(customer="C1")
    inbox.forwarder().drain()
    merge(inbox, read)
    assert (inbox.states(id), inbox.row(id).order_key) == (["accepted"], "customer:C1")
