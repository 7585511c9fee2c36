"""After a restore no rule decides about a document before the ERP was asked whether it has it."""

import pytest

from tests.stateful.documents.company import QUIET, Company, Document, Tables


def sent_after_the_backup(company: Company, *, pushed_before: bool) -> tuple[Document, Document, Tables]:
    """An order reaches the ERP after the backup, and its copy is refused as too late; then the restore."""
    order = company.order()
    backup = company.back_up()
    if pushed_before:
        company.push(order)
        backup = company.back_up()
    company.push(order)
    company.forward()
    assert (company.states(order), company.in_erp(order)) == (["accepted"], [1])
    return order, company.copy(order), backup


@pytest.mark.parametrize("pushed_before", [True, False])
def test_a_copy_that_was_too_late_does_not_replace_an_order_that_the_erp_has(
    company: Company, pushed_before: bool
) -> None:
    order, copy, backup = sent_after_the_backup(company, pushed_before=pushed_before)
    assert company.push(copy) == ["refused"]
    company.restore(backup)
    company.push(order, copy)
    company.reconcile()
    company.work()
    assert company.states(order, copy) == ["accepted", "rejected"]
    assert company.in_erp(order, copy) == [1, 0]


@pytest.mark.parametrize("reconciled_first", [True, False])
def test_a_copy_that_another_phone_delivers_first_waits_for_its_original(
    company: Company, reconciled_first: bool
) -> None:
    order, copy, backup = sent_after_the_backup(company, pushed_before=False)
    assert company.push(copy) == ["refused"]
    company.restore(backup)
    if reconciled_first:
        company.reconcile()
    assert company.push(copy, device="D2") == ["received"]
    company.reconcile()
    company.work()
    assert (company.states(copy), company.in_erp(copy)) == (["received"], [0])
    company.push(order)
    company.work()
    assert company.states(order, copy) == ["accepted", "rejected"]
    assert company.in_erp(order, copy) == [1, 0]


def test_a_copy_of_a_refused_copy_waits_too(company: Company) -> None:
    order, copy, backup = sent_after_the_backup(company, pushed_before=False)
    newer = company.copy(copy)
    assert company.push(copy, newer) == ["refused", "refused"]
    company.restore(backup)
    company.reconcile()
    for late in (newer, copy, order):
        company.push(late, device="D2")
        company.work()
    assert company.states(order, copy, newer) == ["accepted", "rejected", "rejected"]
    assert company.in_erp(order, copy, newer) == [1, 0, 0]


def test_a_copy_whose_original_does_not_come_back_goes_to_the_office_after_a_day(company: Company) -> None:
    order, copy, backup = sent_after_the_backup(company, pushed_before=False)
    company.restore(backup)
    company.push(copy, device="D2")
    company.reconcile()
    company.clock.advance(days=1)
    company.work()
    assert (company.states(copy), company.in_erp(copy)) == (["parked"], [0])
    row = company.row(copy)
    assert (row.owner, row.error_class) == ("office", "original_missing")
    assert order["id"] in (row.reason or "")
    newer = company.copy(copy)
    assert company.push(newer) == ["received"]
    assert company.states(newer) == ["received"], "it waits too"
    company.push(order)
    company.work()
    assert company.states(order, copy, newer) == ["accepted", "rejected", "rejected"]
    assert company.in_erp(order, copy, newer) == [1, 0, 0]


@pytest.mark.parametrize("pushed_before", [True, False])
@pytest.mark.parametrize("refused_before", [True, False])
def test_a_withdrawal_waits_until_the_erp_was_asked(
    company: Company, pushed_before: bool, refused_before: bool
) -> None:
    order, _, backup = sent_after_the_backup(company, pushed_before=pushed_before)
    withdrawal = company.withdrawal(order)
    if refused_before:
        assert company.push(withdrawal) == ["refused"]
    company.restore(backup)
    assert company.push(order, withdrawal)[1] == "received"
    assert company.states(order, withdrawal) == ["received", "received"]
    company.reconcile()
    company.work()
    assert company.states(order, withdrawal) == ["accepted", "rejected"]


def test_a_withdrawal_takes_back_what_the_erp_does_not_have(company: Company) -> None:
    order, backup = company.order(), company.back_up()
    withdrawal = company.withdrawal(order)
    company.push(order, withdrawal)
    company.restore(backup)
    company.push(withdrawal, device="D2")
    company.push(order)
    company.reconcile()
    company.work()
    assert company.states(order, withdrawal) == ["withdrawn", "accepted"]
    assert company.in_erp(order) == [0]


def test_a_change_request_waits_for_its_order(company: Company) -> None:
    order, _, backup = sent_after_the_backup(company, pushed_before=False)
    request = company.change_request(order)
    company.push(request)
    company.restore(backup)
    assert company.push(request, device="D2") == ["received"]
    company.reconcile()
    company.work()
    company.push(order)
    company.work()
    assert company.states(order, request) == ["accepted", "parked"]


@pytest.mark.parametrize("pushed_before", [True, False])
@pytest.mark.parametrize("rule", ["product", "customer"])
def test_no_rule_refuses_an_order_that_the_erp_has(company: Company, pushed_before: bool, rule: str) -> None:
    order, _, backup = sent_after_the_backup(company, pushed_before=pushed_before)
    company.restore(backup)
    company.sell(sellable=rule != "product")
    if rule == "customer":
        company.give_away()
    company.push(order)
    company.reconcile()
    company.work()
    assert (company.states(order), company.in_erp(order)) == (["accepted"], [1])


def test_what_the_erp_does_not_have_is_decided_by_the_rules(company: Company) -> None:
    good, bad, backup = company.order(), company.order(), company.back_up()
    company.restore(backup)
    company.push(good)
    company.reconcile()
    company.work()
    company.sell(sellable=False)
    company.push(bad)
    assert company.states(bad) == ["received"]
    company.work()
    assert company.states(good, bad) == ["accepted", "rejected"]
    assert company.in_erp(good, bad) == [1, 0]


def test_an_order_that_comes_back_weeks_later_is_checked_too(company: Company) -> None:
    order, copy, backup = sent_after_the_backup(company, pushed_before=False)
    company.restore(backup)
    company.reconcile()
    company.clock.advance(days=20)
    company.sell(sellable=False)
    company.push(copy, order)
    company.work()
    assert company.states(order, copy) == ["accepted", "rejected"]


def test_an_order_that_was_captured_after_the_restore_is_decided_at_once(company: Company) -> None:
    company.restore(company.back_up())
    company.reconcile()
    company.clock.advance(days=2)
    company.sell(sellable=False)
    assert company.push(company.order()) == ["refused"]


def test_an_order_of_a_phone_with_a_wrong_clock_is_checked(company: Company) -> None:
    company.clock.advance(days=900)
    order = company.order()
    company.clock.advance(days=-900)
    backup = company.back_up()
    company.push(order)
    company.forward()
    company.restore(backup)
    company.reconcile()
    company.clock.advance(days=20)
    company.sell(sellable=False)
    company.push(order)
    company.work()
    assert (company.states(order), company.in_erp(order)) == (["accepted"], [1])


def test_a_copy_that_the_erp_has_replaces_an_order_that_was_queued_in_the_backup(company: Company) -> None:
    order = company.order()
    company.push(order)
    backup = company.back_up()
    copy = company.copy(order)
    company.push(copy)
    company.forward()
    assert company.in_erp(order, copy) == [0, 1]
    company.restore(backup)
    company.push(order, copy)
    company.reconcile()
    company.work()
    assert company.states(order, copy) == ["superseded", "accepted"]
    assert company.in_erp(order, copy) == [0, 1]


def test_a_parked_order_that_was_retried_after_the_backup_is_not_replaced(company: Company) -> None:
    order = company.order()
    company.erp.script("create", "refuse_office", "ok")
    company.push(order)
    company.forward()
    assert company.states(order) == ["parked"]
    backup = company.back_up()
    company.office("retry", order)
    company.forward()
    assert company.in_erp(order) == [1]
    company.restore(backup)
    copy = company.copy(order)
    company.push(order, copy)
    company.reconcile()
    company.work()
    assert company.states(order, copy) == ["accepted", "rejected"]
    assert company.in_erp(order, copy) == [1, 0]


def test_a_parked_order_that_the_erp_does_not_have_may_be_replaced_again(company: Company) -> None:
    order = company.order()
    company.erp.script("create", "refuse_office", "ok")
    company.push(order)
    company.forward()
    company.restore(company.back_up())
    company.reconcile()
    company.work()
    copy = company.copy(order)
    company.push(copy)
    company.work()
    assert company.states(order, copy) == ["superseded", "accepted"]


def test_a_call_from_before_the_restore_may_still_be_executed(company: Company) -> None:
    order, backup = company.order(), company.back_up()
    company.restore(backup)
    company.push(order)
    company.reconcile()
    company.maintain()
    assert company.states(order) == ["received"], "the quiet period has not passed"
    company.erp.by_hand(key=order["id"])  # what the ERP executes late
    company.clock.advance(seconds=QUIET + 60)
    company.maintain()
    company.forward()
    assert (company.states(order), company.in_erp(order)) == (["accepted"], [1])
