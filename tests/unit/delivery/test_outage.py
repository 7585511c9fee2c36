"""The ERP is down for six hours, and a thousand orders are captured meanwhile: nobody notices but the clock."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import make_url
from ulid import ULID

from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.settings import Settings
from tests.unit.api.installation import Installation, Phone, install
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.delivery.memory_erp import MemoryErp
from tests.unit.sync.company import customer, master_data, order_body, say, submission

ORDERS = {"postgresql": 1_000, "sqlite": 200}
"""How many are captured meanwhile: a thousand where production is, fewer for the embedded default."""
MINUTES = 6 * 60
STEP = 2
CUSTOMERS = {"R1": [f"N{n}" for n in range(30)], "R2": [f"S{n}" for n in range(30)]}


def _company(sessions: Sessions) -> None:
    master_data(sessions)
    places = (("R1", "NW"), ("R2", "SE"))
    say(sessions, *(customer(id, territory) for rep, territory in places for id in CUSTOMERS[rep]))


class Day:
    """Two phones that push all day, two workers that try to forward."""

    def __init__(self, installation: Installation, erp: MemoryErp) -> None:
        self.clock, self.erp = installation.clock, erp
        self.inbox = InboxFixture(installation.sessions, installation.clock, installation.settings, erp)
        self.phones = {rep: installation.phone(rep) for rep in CUSTOMERS}
        self.workers = [self.inbox.forwarder(f"w{n}") for n in (1, 2)]
        self.captured: dict[str, list[str]] = defaultdict(list)
        """The orders of each customer, in the order in which they were pushed."""
        self.turn = {rep: cycle(customers) for rep, customers in CUSTOMERS.items()}

    @property
    def ids(self) -> list[str]:
        return [id for ids in self.captured.values() for id in ids]

    def push(self, rep: str, count: int) -> None:
        """Push *count* orders of *rep*; each must be received, whatever the ERP does."""
        documents = []
        for customer_id in islice(self.turn[rep], count):
            documents.append(submission(str(ULID()), order_body(customer_id)))
            self.captured[customer_id].append(documents[-1]["id"])
        reply = self.phones[rep].push(*documents)
        assert reply.status_code == 200, reply.text
        assert [result["status"] for result in reply.json["results"]] == ["received"] * count

    def step(self) -> None:
        """Let two minutes pass, and the workers do what they do in them."""
        self.clock.advance(minutes=STEP)
        if self.clock.now().minute % 10 == 0:
            for phone in self.phones.values():
                phone.keep(phone.refresh())
        self.inbox.probe()
        for worker in self.workers:
            worker.drain()

    def states_on(self, phone: Phone) -> dict[str, Any]:
        """Return the state of every submission that *phone* hears of."""
        states, cursor, complete = {}, None, False
        while not complete:
            page = phone.pull(cursor).json
            cursor, complete = page["cursor"], page["complete"]
            for change in page["changes"]:
                if change["collection"] == "submissions":
                    states |= {record["id"]: record["state"] for _, record in change["put"]}
        return states


@pytest.fixture
def day(settings: Settings, clock: ManualClock, tmp_path: Path) -> Iterator[Day]:
    with install(settings, clock, _company) as installation:
        yield Day(installation, MemoryErp(tmp_path / "erp", quiet=1800.0))


@pytest.fixture
def orders(settings: Settings) -> int:
    return ORDERS[make_url(settings.database_url).get_backend_name()]


@pytest.mark.timeout(1_200)  # half a minute on a machine of its own, and many on one that is shared
def test_after_an_outage_all_orders_are_delivered_once_and_in_order(day: Day, orders: int) -> None:
    # It goes down in the middle of a call: three orders are in it already, and nobody was told.
    for step in ("find", "advance"):
        day.erp.script(step, "ok", "ok", "ok", "down")
    day.erp.script("create", *["commit_then_timeout"] * 3, "down")
    day.erp.script("check", "locked")
    for minute in range(0, MINUTES, STEP):
        pushed = orders * (minute + STEP) // MINUTES - orders * minute // MINUTES
        day.push("R1" if minute // STEP % 2 else "R2", pushed)
        day.step()
    assert len(day.ids) == orders
    assert sum(day.erp.created(id) for id in day.ids) == 3
    # It was asked whether it is back, once in a quarter of an hour, and hardly with anybody's order.
    steps = [step for step, _ in day.erp.calls]
    assert steps.count("check") < 40 and len(steps) < 60

    for step in ("find", "create", "advance", "check"):
        day.erp.script(step, "ok")
    for _ in range(60):
        day.step()
        if sum(entry["event"] == "advance" for entry in day.erp.executed) == orders:
            break
    created = [entry["key"] for entry in day.erp.executed if entry["event"] == "create"]
    assert sorted(created) == sorted(day.ids), "each once, and nothing else"
    for ids in day.captured.values():
        assert [key for key in created if key in set(ids)] == ids
    states = {id: state for phone in day.phones.values() for id, state in day.states_on(phone).items()}
    assert states == dict.fromkeys(day.ids, "accepted")
