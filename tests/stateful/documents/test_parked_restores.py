"""After a restore parked documents are checked too, and none of them stops the others."""

from collections.abc import Mapping
from typing import Any

import pytest

from backend.delivery.reconciliation import returned
from backend.erp.errors import ErpError, ErrorClass
from tests.stateful.documents.company import Company


def parked(company: Company, **more: Any) -> Mapping[str, Any]:
    """Return an order that the ERP has refused for a reason of the office."""
    order = company.order(**more)
    company.erp.script("create", "refuse_office", "ok")
    company.push(order)
    company.forward()
    assert company.states(dict(order)) == ["parked"]
    return order


def test_a_copy_without_its_original_is_decided_about_after_a_second_restore(company: Company) -> None:
    order, backup = company.order(), company.back_up()
    company.push(order)
    company.forward()
    copy = company.copy(order)
    company.restore(backup)
    company.push(copy, device="D2")
    company.reconcile()
    company.clock.advance(days=1)
    company.work()
    assert company.states(copy) == ["parked"]
    company.restore(company.back_up())
    company.reconcile()
    company.push(order)
    company.work()
    assert company.states(order, copy) == ["accepted", "rejected"]
    assert company.in_erp(order, copy) == [1, 0]


def test_many_parked_documents_do_not_stop_the_others(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(returned, "MAX_CHECKED", 2)
    copies = [company.copy(company.order()) for _ in range(3)]
    late = company.order()
    company.restore(company.back_up())
    company.push(*copies, device="D2")
    company.reconcile()
    company.clock.advance(days=1)
    company.work()
    assert company.states(*copies) == ["parked"] * 3
    company.push(late)
    company.work()
    assert company.states(late) == ["accepted"]


def test_a_parked_order_for_which_the_erp_shows_another_order_stays_parked(company: Company) -> None:
    other = company.order()
    company.push(other)
    company.forward()
    order = dict(parked(company))
    company.erp.answer_for(order["id"], with_document_of=other["id"])
    company.erp.decide("1", "done")
    company.restore(company.back_up())
    company.reconcile()
    company.work()
    assert company.states(other, order) == ["accepted", "parked"]
    assert company.row(order).error_class == "number_conflict"


@pytest.mark.parametrize("returns", ["before sending resumes", "later"])
def test_a_parked_order_whose_copy_the_erp_has_is_superseded(company: Company, returns: str) -> None:
    order = dict(parked(company))
    backup = company.back_up()
    copy = company.copy(order)
    company.push(copy)
    company.forward()
    assert company.states(order, copy) == ["superseded", "accepted"]
    company.restore(backup)
    if returns == "later":
        company.reconcile()
        company.work()
    company.push(copy)
    company.reconcile()
    company.work()
    assert company.states(order, copy) == ["superseded", "accepted"]
    assert company.in_erp(order, copy) == [0, 1]


@pytest.mark.parametrize("kind", ["withdrawal", "change_request"])
def test_the_office_can_cancel_what_is_about_a_document_that_does_not_come_back(
    company: Company, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    amendment = getattr(company, kind)(company.order())
    company.restore(company.back_up())
    company.push(amendment)
    company.reconcile()
    company.clock.advance(days=1)
    company.work()
    assert company.row(amendment).error_class == "original_missing"
    monkeypatch.setattr(company.erp, "find", knows_no_such_kind)
    company.office("cancel", amendment, why="the customer knows")
    assert company.states(amendment) == ["cancelled"]


def knows_no_such_kind(kind: str, key: str) -> Any:
    """Answer as the flat-file connector does."""
    raise ErpError(ErrorClass.CONFIG, f"the connector does not forward {kind}")


def test_a_copy_of_a_copy_waits_for_the_first_original(company: Company) -> None:
    order = company.order()
    copy = company.copy(order)
    company.erp.script("create", "refuse", "ok")
    company.push(copy)
    company.forward()
    assert company.states(copy) == ["rejected"]
    backup = company.back_up()
    company.push(order)
    company.forward()
    assert company.in_erp(order) == [1]
    company.restore(backup)
    company.reconcile()
    company.clock.advance(days=2)
    newest = company.copy(copy)
    company.push(newest)
    company.work()
    assert (company.states(newest), company.in_erp(newest)) == (["received"], [0])
    company.push(order)
    company.work()
    assert company.states(order, newest) == ["accepted", "rejected"]
    assert company.in_erp(order, newest) == [1, 0]
