"""The main job on PostgreSQL, Redis and a real Tryton, read back from Tryton itself."""

import datetime as dt
import hashlib
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from sync_protocol.device.capture import forms
from tests.eventually import eventually
from tests.services import PostgresServer, RedisServer, TrytonServer
from tests.services.proxy import Proxy
from tests.services.tryton_rpc import TrytonSession
from tests.system.scenarios.conftest import Enrol
from tests.system.scenarios.node import Node
from tests.system.scenarios.rep import FieldRep, photo
from tests.system.scenarios.tryton_reads import claims, forecast_quantity, sales

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def tryton(tryton_server: TrytonServer) -> Iterator[TrytonServer]:
    """A Tryton for this file alone, because its documents are counted."""
    with tryton_server.fresh("journey") as server:
        yield server


@pytest.fixture(scope="module")
def link(tryton: TrytonServer) -> Iterator[Proxy]:
    """A proxy between Satchel and Tryton that can lose a reply."""
    with Proxy(tryton.port) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def office(tryton: TrytonServer) -> Iterator[TrytonSession]:
    """A session of the office in Tryton."""
    with TrytonSession.admin(tryton) as session:
        yield session


@pytest.fixture(scope="module")
def node(
    postgres_server: PostgresServer,
    redis_server: RedisServer,
    tryton: TrytonServer,
    link: Proxy,
    office: TrytonSession,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Node]:
    environ = {
        **tryton.settings,
        "SATCHEL_ERP_URL": f"http://127.0.0.1:{link.port}",
        "SATCHEL_DATABASE_URL": postgres_server.create_database("satchel_journey"),
        "SATCHEL_REDIS_URL": redis_server.url,
    }
    with Node(tmp_path_factory.mktemp("node"), environ) as node:
        node.command("init")
        node.command("ingest")
        warehouses = {
            w["code"]: w["id"]
            for w in office(
                "stock.location", "search_read", [["type", "=", "warehouse"]], 0, None, None, ["code"]
            )
        }
        for rep, territory, employee in (("R1", "NE", "E001"), ("R2", "NW", "E002")):
            node.command("rep", "add", rep, f"Rep {rep}", "--employee", employee)
            node.command("rep", "assign", rep, f"territory:{territory}")
            node.command("rep", "assign", rep, f"warehouse:{warehouses['W1']}")
        node.start_web()
        yield node
    postgres_server.drop_database("satchel_journey")


@pytest.fixture
def worker(node: Node) -> Iterator[Node]:
    """The node with its worker running."""
    node.start_worker()
    yield node
    node.stop(node.worker)


def test_a_rep_and_the_office_work_for_a_day_with_tryton(
    worker: Node, office: TrytonSession, enrol: Enrol
) -> None:
    rep = enrol(worker, "R1")
    rep.sync()
    worker.stop(worker.web)
    picture = photo(250_000, seed=1)
    order_id, forecast_id = rep.capture_order("3"), rep.capture_forecast("40")
    claim_id = rep.capture_claim("18.40", picture)
    assert rep.device.sync().problem is not None
    worker.start_web()
    rep.sync()
    order, _, claim = rep.sync_until(
        lambda: rep.accepted(order_id, forecast_id, claim_id), "all three are accepted"
    )

    [sale] = sales(office, order_id)
    captured = rep.device.record("submissions", order_id)
    assert captured is not None
    line = captured["body"]["lines"][0]
    assert sale["number"] == order["erp_number"]
    assert sale["state"] in ("confirmed", "processing")
    assert sale["untaxed_amount"] == (Decimal(line["unit_price"]) * 3).quantize(Decimal("0.01"))

    [invoice] = claims(office, claim_id)
    assert (invoice["type"], invoice["state"], invoice["total_amount"]) == ("in", "posted", Decimal("18.40"))
    assert invoice["number"] == claim["erp_number"]
    attached = office(
        "ir.attachment",
        "search_read",
        [["resource", "=", f"account.invoice,{invoice['id']}"]],
        0,
        None,
        None,
        ["name", "data_size"],
    )
    # The ERP has a copy of the picture alone, under the name of what the phone sent.
    assert [a["name"] for a in attached] == [hashlib.sha256(picture).hexdigest()]
    assert 0 < attached[0]["data_size"] < len(picture) / 10

    product = rep.product()
    per_unit = Decimal(product["units"][0]["factor"])
    assert forecast_quantity(office, product["id"]) == [float(40 * per_unit)]

    def executed() -> list[dict[str, Any]]:
        rep.device.sync()
        return [o for o in rep.device.records("orders") if o["submission_id"] == order_id]

    [in_erp] = eventually(executed, "the order is back among the ERP's orders")
    assert in_erp["number"] == sale["number"]
    assert rep.device.integrity_errors() == []


def test_a_forecast_line_is_the_sum_of_the_latest_revisions(
    worker: Node, office: TrytonSession, enrol: Enrol
) -> None:
    first, second = enrol(worker, "R1"), enrol(worker, "R2")
    first.sync()
    second.sync()
    period = (first.device.today().replace(day=1) + dt.timedelta(days=100)).strftime("%Y-%m")
    product = first.product()["id"]
    per_unit = float(first.product()["units"][0]["factor"])

    def line() -> float:
        lines = office(
            "stock.forecast.line",
            "search_read",
            [
                ["product", "=", int(product)],
                [
                    "forecast.from_date",
                    "=",
                    {"__class__": "date", "year": int(period[:4]), "month": int(period[5:]), "day": 1},
                ],
            ],
            0,
            None,
            None,
            ["quantity", "forecast.state"],
        )
        assert len(lines) <= 1
        return lines[0]["quantity"] if lines else 0.0

    def forecast(rep: FieldRep, quantity: str) -> None:
        body = forms.forecast(
            rep.device.db,
            warehouse=rep.device.records("warehouses")[0]["id"],
            period=period,
            lines=[forms.Line(product, quantity)],
        )
        id = rep.device.capture("forecast", body).id
        rep.sync_until(lambda: rep.accepted(id), "the forecast is accepted")

    forecast(first, "10")
    assert line() == 10 * per_unit
    forecast(second, "25")
    assert line() == 35 * per_unit
    forecast(first, "4")
    assert line() == 29 * per_unit


def test_a_push_whose_answer_is_lost_after_the_commit_makes_one_sale(
    worker: Node, office: TrytonSession, enrol: Enrol
) -> None:
    with Proxy(worker.port) as phone_line:
        rep = enrol(worker, "R1", f"http://127.0.0.1:{phone_line.port}")
        rep.sync()
        id = rep.capture_order("2")
        phone_line.lose(b"POST /v1/sync")
        phone_line.lose(b"GET /v1/pull")  # or the phone would get its state from the feed at once
        assert rep.device.sync().problem is not None
        assert phone_line.lost == 2
        report = rep.device.sync()
        assert [r["status"] for r in report.results] == ["duplicate"]
        rep.sync_until(lambda: rep.accepted(id), "the order is accepted")
    assert len(sales(office, id)) == 1


@pytest.mark.parametrize("step", ["create", "quote", "confirm"])
def test_an_answer_of_tryton_lost_after_its_commit_makes_one_sale(
    step: str, worker: Node, office: TrytonSession, enrol: Enrol, link: Proxy
) -> None:
    rep = enrol(worker, "R1")
    rep.sync()
    lost = link.lost
    link.lose(f'"model.sale.sale.{step}"'.encode())
    id = rep.capture_order("1")
    rep.sync_until(lambda: rep.accepted(id), "the order is accepted")
    assert link.lost == lost + 1
    [sale] = sales(office, id)
    assert sale["state"] in ("confirmed", "processing")
    assert "unknown" in worker.command("timeline", id)


FAILPOINTS = (
    "delivery.after_attempt",
    "delivery.after_create",
    "delivery.before_settle",
)
"""Before the ERP's first commit, between two of its commits, and after the last."""
MORE_FAILPOINTS = (
    "delivery.after_lease",
    "delivery.after_find",
    "delivery.after_advance",
    "delivery.after_settle",
)
"""tests/unit/delivery/test_power_cuts.py kills at these in every run, but with the recording ERP."""


@pytest.mark.parametrize(
    "failpoint", [*FAILPOINTS, *(pytest.param(name, marks=pytest.mark.full) for name in MORE_FAILPOINTS)]
)
def test_a_worker_killed_at_any_step_leaves_one_sale(
    failpoint: str, node: Node, office: TrytonSession, enrol: Enrol
) -> None:
    rep = enrol(node, "R1")
    rep.sync()
    id = rep.capture_order("1")
    rep.sync()
    # Its lease ends soon after it is killed. The next worker's lease must outlast a busy Tryton's confirmation.
    node.start_worker(f"{failpoint}=kill", SATCHEL_LEASE_SECONDS="5")

    def dead() -> bool:
        return node.worker is not None and not node.worker.alive

    eventually(dead, "the worker is killed at the failpoint")
    node.kill(node.worker)  # whatever of its process group is left
    node.start_worker()
    rep.sync_until(lambda: rep.accepted(id), "the order is accepted")
    node.stop(node.worker)
    [sale] = sales(office, id)
    assert sale["state"] in ("confirmed", "processing")


def test_a_customer_given_to_another_territory_in_tryton_changes_phones(
    worker: Node, office: TrytonSession, enrol: Enrol
) -> None:
    first, second = enrol(worker, "R1"), enrol(worker, "R2")
    first.sync()
    second.sync()
    moved = next(o["customer_id"] for o in first.device.records("orders"))
    categories = {
        c["name"]: c["id"]
        for c in office(
            "party.category", "search_read", [["parent.name", "=", "Territory"]], 0, None, None, ["name"]
        )
    }
    office(
        "party.party",
        "write",
        [int(moved)],
        {"categories": [["remove", [categories["NE"]]], ["add", [categories["NW"]]]]},
    )
    second.sync_until(lambda: second.device.record("customers", moved), "the customer is on the second phone")
    first.sync_until(lambda: first.device.record("customers", moved) is None, "it is gone from the first")
    for name in ("orders", "receivables", "contacts"):
        assert [r for r in first.device.records(name) if r["customer_id"] == moved] == []
    assert [o for o in second.device.records("orders") if o["customer_id"] == moved]
