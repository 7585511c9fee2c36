"""kill -9 of a real worker at every step, and a new worker: each document is in the ERP exactly once."""

import pytest

from tests.delivery.desk import Desk, eventually
from tests.delivery.workers import all_accepted, killed, victim, worker

FAILPOINTS = [
    "delivery.after_claim",
    "delivery.after_attempt",
    "delivery.after_attempt=kill@2",
    "delivery.after_attempt=kill@3",
    "delivery.after_find",
    "delivery.after_create",
    "delivery.after_advance",
    "delivery.before_settle",
    "delivery.after_settle",
]


@pytest.mark.parametrize("enforces_key", [False, True], ids=["no key", "key"])
@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_a_worker_killed_at_any_step_loses_and_doubles_nothing(
    desk: Desk, failpoint: str, enforces_key: bool
) -> None:
    desk.erp.enforces_key = enforces_key
    ids = [desk.capture(customer=f"C{n}") for n in range(2)]
    plan = failpoint if "=" in failpoint else f"{failpoint}=kill"
    with victim(desk, SATCHEL_FAILPOINTS=plan, THREADS="1") as first:
        killed(first)
    with worker(desk):
        all_accepted(desk, ids)


def test_an_erp_call_that_kills_its_worker_after_the_erps_commit_is_found(desk: Desk) -> None:
    id = desk.capture()
    desk.erp.script("create", "commit_then_kill", "ok")
    with victim(desk) as first:
        killed(first)
    with worker(desk):
        all_accepted(desk, [id])


def test_a_document_that_kills_each_of_its_workers_is_parked_and_the_others_go_on(desk: Desk) -> None:
    poison = desk.capture()
    desk.erp.script("create", "kill", "kill", "kill", "ok")
    for _ in range(3):
        with victim(desk, THREADS="1") as one:
            killed(one)
    good = desk.capture(customer="C2")
    with worker(desk):
        all_accepted(desk, [good])
        eventually(lambda: desk.states(poison) == ["parked"])
    assert (desk.row(poison).error_class, desk.erp.created(poison)) == ("poison", 0)


def test_a_forecast_whose_worker_was_killed_stands_once(desk: Desk) -> None:
    desk.publish(
        "products",
        {
            "id": "A", "sku": None, "name": "A", "kind": "product", "group": None, "base_unit": "pc",
            "units": [{"unit": "pc", "factor": "1"}], "barcodes": [], "active": True, "sellable": True,
            "fits": [], "replaced_by": None,
        },
    )  # fmt: skip
    line = {"line_no": 1, "product_id": "A", "quantity": "3", "unit": "pc"}
    body = {"warehouse_id": "W1", "period": "2026-12", "customer_id": None, "revision": 1, "lines": [line]}
    ids = [desk.capture(body, kind="forecast", rep=rep) for rep in ("R1", "R2")]
    with victim(desk, SATCHEL_FAILPOINTS="delivery.after_create=kill@2") as first:
        killed(first)
    with worker(desk):
        eventually(lambda: desk.states(*ids) == ["accepted"] * 2)
    assert desk.erp.forecast() == {("W1", "2026-12", "A"): ("6", "pc")}
