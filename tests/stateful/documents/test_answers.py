"""After a restore what arrived before counts again: the ERP's archived answers, and receipts."""

import pytest

from tests.stateful.documents.company import Company
from tests.unit.api.endpoints.receipt_upload import JPEG, claim


@pytest.mark.parametrize("answer", ["accepted", "rejected"])
def test_an_acknowledgement_from_before_the_restore_settles_what_was_handed_over(
    company: Company, answer: str
) -> None:
    order = company.order()
    company.erp.script("advance", "handed_over")
    company.push(order)
    company.forward()
    backup = company.back_up()
    company.clock.advance(days=3)
    company.erp.acknowledge("a1", order["id"], answer, "SO77" if answer == "accepted" else None)
    company.maintain()
    assert company.states(order) == [answer]
    assert list(company.erp.acknowledgements()) == []
    company.restore(backup)
    company.reconcile()
    company.work()
    assert company.states(order) == [answer]


def test_an_order_that_the_erp_refused_after_the_backup_is_refused_again(company: Company) -> None:
    order = company.order()
    company.push(order)
    backup = company.back_up()
    company.erp.script("advance", "handed_over")
    company.forward()
    company.erp.acknowledge("a1", order["id"], "rejected")
    company.maintain()
    company.erp.lose(order["id"])  # a refused file is not in the ERP
    company.restore(backup)
    company.reconcile()
    company.work()
    assert (company.states(order), company.in_erp(order)) == (["rejected"], [0])


def test_a_receipt_that_arrives_does_not_queue_a_claim_that_is_checked(company: Company) -> None:
    backup, document = company.back_up(), claim()
    company.push(document)
    company.upload(JPEG)
    company.forward()
    assert (company.states(document), company.in_erp(document)) == (["accepted"], [1])
    company.restore(backup)
    company.push(document)
    assert company.upload(JPEG) == []
    company.maintain()
    assert company.states(document) == ["received"]
    company.reconcile()
    company.work()
    assert (company.states(document), company.in_erp(document)) == (["accepted"], [1])
