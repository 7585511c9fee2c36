"""kill -9 of a real worker at every step, and a new worker: each document is in the ERP exactly once."""

import pytest

from tests.eventually import eventually
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.delivery.workers import all_accepted, killed, worker, worker_to_kill

FAILPOINTS = [
    "delivery.after_lease",
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
def test_a_worker_killed_at_any_step_neither_loses_nor_duplicates_documents(
    inbox: InboxFixture, failpoint: str, enforces_key: bool
) -> None:
    inbox.erp.enforces_key = enforces_key
    ids = [inbox.capture(customer=f"C{n}") for n in range(2)]
    plan = failpoint if "=" in failpoint else f"{failpoint}=kill"
    with worker_to_kill(inbox, SATCHEL_FAILPOINTS=plan, THREADS="1") as first:
        killed(first)
    with worker(inbox):
        all_accepted(inbox, ids)


def test_an_erp_call_that_kills_its_worker_after_the_erps_commit_is_found(inbox: InboxFixture) -> None:
    id = inbox.capture()
    inbox.erp.script("create", "commit_then_kill", "ok")
    with worker_to_kill(inbox) as first:
        killed(first)
    with worker(inbox):
        all_accepted(inbox, [id])


def test_a_document_that_kills_its_workers_is_parked_and_others_are_sent(inbox: InboxFixture) -> None:
    poison = inbox.capture()
    inbox.erp.script("create", "kill", "kill", "kill", "ok")
    for _ in range(3):
        with worker_to_kill(inbox, THREADS="1") as process:
            killed(process)
    other = inbox.capture(customer="C2")
    with worker(inbox):
        all_accepted(inbox, [other])
        eventually(lambda: inbox.states(poison) == ["parked"])
    assert (inbox.row(poison).error_class, inbox.erp.created(poison)) == ("poison", 0)


def test_a_forecast_whose_worker_was_killed_is_in_the_erp_once(inbox: InboxFixture) -> None:
    inbox.publish(
        "products",
        {
            "id": "A", "sku": None, "name": "A", "kind": "product", "group": None, "base_unit": "pc",
            "units": [{"unit": "pc", "factor": "1"}], "barcodes": [], "active": True, "sellable": True,
            "fits": [], "replaced_by": None,
        },
    )  # fmt: skip
    line = {"line_no": 1, "product_id": "A", "quantity": "3", "unit": "pc"}
    body = {"warehouse_id": "W1", "period": "2026-12", "customer_id": None, "revision": 1, "lines": [line]}
    ids = [inbox.capture(body, kind="forecast", rep=rep) for rep in ("R1", "R2")]
    with worker_to_kill(inbox, SATCHEL_FAILPOINTS="delivery.after_create=kill@2") as first:
        killed(first)
    with worker(inbox):
        eventually(lambda: inbox.states(*ids) == ["accepted"] * 2)
    assert inbox.erp.forecast() == {("W1", "2026-12", "A"): ("6.000000", "pc")}
